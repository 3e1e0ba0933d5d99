import { mkdtemp } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@muster/shared/canonical.ts";
import { logger } from "@muster/shared/log.ts";
import type { FittedModel } from "../fitted.ts";
import { compile } from "../onnx/compile.ts";
import { type Models, servedModels } from "./models.ts";
import { type PredictionLog, predictionLog } from "./prediction-log.ts";
import { type ServedModel, scoringFeatures } from "./served-model.ts";
import { createServing } from "./server.ts";

/** The moment that tests take for now. */
export const noon = new Date("2026-07-01T12:00:00.000Z");

const linear = (coefficients: number[], intercept: number): FittedModel["estimator"] => ({
  kind: "linear",
  coefficients: [coefficients],
  intercept: [intercept],
  link: "logistic",
});

/**
 * A binary model over a flat table: tenure (a number), plan (text), member (boolean) and the days since `joined`.
 * `intercept` moves its probabilities, so that each version is known by its answers.
 */
export function flatModel(version = 1, intercept = 0, name = "churn"): ServedModel {
  const fitted: FittedModel = {
    task: "binary",
    classes: ["No", "Yes"],
    inputs: [
      { name: "tenure", type: "number" },
      { name: "plan", type: "category" },
      { name: "member", type: "number" },
      { name: "joined_age", type: "number" },
    ],
    encoding: [
      { op: "number", input: 0, impute: 10, mean: 10, scale: 5 },
      { op: "one_hot", input: 1, category: "pro" },
      { op: "missing", input: 1 },
      { op: "number", input: 2, impute: 0.5, mean: 0, scale: 1 },
      { op: "number", input: 3, impute: 0, mean: 0, scale: 1000 },
    ],
    estimator: linear([-0.8, 0.6, 0.3, -0.2, 0.05], intercept),
    calibration: { kind: "none" },
    threshold: 0.4,
  };
  return served(fitted, name, version, {
    features: [
      { kind: "column", name: "tenure", column: "tenure", type: "number" },
      { kind: "column", name: "plan", column: "plan", type: "text" },
      { kind: "column", name: "member", column: "member", type: "boolean" },
      { kind: "age_days", name: "joined_age", column: "joined", at: null },
      { kind: "log", name: "not_used_by_the_model", column: "elsewhere" },
    ],
    input: {
      entity: null,
      columns: [
        { name: "tenure", type: "number" },
        { name: "plan", type: "text" },
        { name: "member", type: "boolean" },
        { name: "joined", type: "date" },
      ],
    },
    output: { task: "binary", classes: ["No", "Yes"], target: "text", threshold: 0.4 },
    lookup: null,
    online: null,
    cutoff: { kind: "request" },
  });
}

/** A regression over an own column and a looked-up window; entities 1, 2 and 3 are known, and 3 has no finite value. value = seats + 10 · tickets + 1. */
export function lookedUpModel(name = "load"): ServedModel {
  const fitted: FittedModel = {
    task: "regression",
    classes: [],
    inputs: [
      { name: "seats", type: "number" },
      { name: "tickets_30", type: "number" },
    ],
    encoding: [
      { op: "number", input: 0, impute: 0, mean: 0, scale: 1 },
      { op: "number", input: 1, impute: -1, mean: 0, scale: 1 },
    ],
    estimator: { kind: "linear", coefficients: [[1, 10]], intercept: [1], link: "identity" },
    calibration: { kind: "none" },
    threshold: null,
  };
  return served(fitted, name, 3, {
    features: [
      { kind: "column", name: "seats", column: "seats", type: "integer" },
      {
        ...{ kind: "window", name: "tickets_30", table: "tickets", key: "customer", localKey: "customer" },
        ...{ time: "opened", arrived: null, aggregate: "count", column: null, days: 30, where: null },
      } as ServedModel["features"][number],
    ],
    input: { entity: { name: "customer", type: "integer" }, columns: [{ name: "seats", type: "integer" }] },
    output: { task: "regression", classes: [], target: "integer", threshold: null },
    online: null,
    lookup: scoringFeatures(
      "2026-06-30T00:00:00.000Z",
      ["other", "tickets_30"],
      new Map([
        ["1", ["x", 4]],
        ["2", [null, null]],
        ["3", ["x", 1e308]],
      ]),
    ),
    cutoff: { kind: "features" },
  });
}

type Rest = Omit<ServedModel, "name" | "version" | "aliases" | "hash" | "onnx">;
function served(fitted: FittedModel, name: string, version: number, rest: Rest): ServedModel {
  const onnx = compile(fitted);
  return { name, version, aliases: ["champion"], hash: sha256(onnx), onnx, ...rest };
}

/** An answer's JSON, by the members that tests read one by one. */
export type TestBody = {
  error: string;
  id: string;
  model_version: string;
  outputs: { name: string; datatype: string; shape: number[]; data: number[] }[];
  predictions: { prediction: string; probabilities: Record<string, number> }[];
};
type Answered = { status: number; body: TestBody; text: string; headers: Headers };

export type TestServing = {
  url: string;
  models: Models;
  predictions: PredictionLog;
  folder: string;
  /** Sends JSON (or, with a content type, text) and gives the status and the parsed answer. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answered>;
  get(path: string, headers?: Record<string, string>): Promise<Answered>;
  close(): Promise<void>;
};

/** A data plane over the given models on a free port of 127.0.0.1, with its log in a folder of its own. */
export async function startServing(served: ServedModel[], token: string | null = null): Promise<TestServing> {
  const folder = await mkdtemp(join(tmpdir(), "predictions-"));
  const log = logger("serving-test");
  const predictions = await predictionLog({ folder, now: () => noon, log });
  const models = servedModels();
  for (const model of served) await models.replace(model.name, model);
  models.started();
  let ids = 0;
  const app = createServing({
    ...{ models, predictions, log, token, version: "1.2.3" },
    now: () => noon,
    newId: () => `req_${ids++}`,
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const parsed = async (response: Response): Promise<Answered> => {
    const text = await response.text();
    const json = response.headers.get("content-type")?.startsWith("application/json");
    return { status: response.status, body: json ? JSON.parse(text) : {}, text, headers: response.headers };
  };
  return {
    ...{ url, models, predictions, folder },
    post: async (path, body, headers = { "content-type": "application/json" }) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      return parsed(await fetch(url + path, { method: "POST", body: text, headers }));
    },
    get: async (path, headers = {}) => parsed(await fetch(url + path, { headers })),
    async close() {
      await app.close();
      await predictions.close();
      await models.close();
    },
  };
}
