import { chiSquareTest } from "@muster/shared/stats/tests.ts";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { PredictionRow } from "./prediction-log.ts";
import { readSegments } from "./segments.ts";
import type { ServedModel } from "./served-model.ts";
import { checkSplit, type Split, sideOf } from "./split.ts";
import { flatModel, startServing, type TestServing } from "./testing.ts";

/** Machines are slow at times. */
const patient = { timeout: 30_000 };

const split: Split = { salt: "a test", arms: [{ version: 2, trafficPercent: 30 }], shadow: [3], controlPercent: 10 };
const keys = Array.from({ length: 20_000 }, (_, i) => `customer ${i}`);

describe("the sides of a split", () => {
  it("have their shares, the control share of either arm alike", () => {
    const counts = [0, 0, 0, 0];
    for (const key of keys) {
      const { version, control } = sideOf(split, key);
      counts[(version === 2 ? 2 : 0) + (control ? 1 : 0)]! += 1;
    }
    const expected = [0.7 * 0.9, 0.7 * 0.1, 0.3 * 0.9, 0.3 * 0.1].map((share) => share * keys.length);
    expect(chiSquareTest(counts, expected).pValue).toBeGreaterThan(0.01);
  });
  it("stick to their entity, and are drawn anew by another split", () => {
    for (const key of keys.slice(0, 100)) expect(sideOf(split, key)).toEqual(sideOf({ ...split }, key));
    const moved = keys.filter((key) => sideOf(split, key).version !== sideOf({ ...split, salt: "b" }, key).version);
    expect(moved.length / keys.length).toBeCloseTo(2 * 0.3 * 0.7, 1);
  });
  it("leave rows without a key to the live version", () => {
    expect(sideOf({ ...split, controlPercent: 50 }, null)).toEqual({ version: null, control: false });
  });
  it.each([
    [
      {
        arms: [
          { version: 2, trafficPercent: 70 },
          { version: 4, trafficPercent: 40 },
        ],
      },
      "110 %",
    ],
    [{ shadow: [2] }, "named twice"],
    [{ shadow: [1] }, "version 1 is the live one"],
    [{ arms: [], shadow: [], controlPercent: 0 }, "splits nothing"],
  ])("are refused where %j", (wrong, words) => {
    expect(() => checkSplit({ ...split, ...wrong }, 1)).toThrow(words);
    expect(checkSplit(split, 1)).toEqual(split);
  });
});

describe("a served split", () => {
  const keyed = (version: number): ServedModel => {
    const model = flatModel(version, version / 4);
    return { ...model, input: { ...model.input, entity: { name: "customer", type: "text" } } };
  };
  let serving: TestServing;
  afterEach(() => serving?.close());
  const start = async (beside: ServedModel[] = [keyed(2), keyed(3)], wanted: Split = split) => {
    serving = await startServing([]);
    await serving.models.replace("churn", keyed(1), null, { split: wanted, models: beside });
    return serving;
  };
  const rows = keys.slice(0, 300);
  const records = rows.map((customer) => ({ customer, tenure: 10, plan: "basic", member: null, joined: null }));
  type Answer = {
    predictions: { probabilities: { Yes: number } }[];
    versions: string[];
    acted_on: boolean[];
  };
  const answerOf = (version: number) => 1 / (1 + Math.exp(0.1 - version / 4));
  const logged = async (): Promise<PredictionRow[]> => {
    await serving.predictions.close();
    const found: PredictionRow[] = [];
    for await (const segment of readSegments(serving.folder)) found.push(...segment.rows);
    return found;
  };

  it("answers each row by the version of its entity, named for it, in the order that was sent", async () => {
    await start();
    const answer = await serving.post("/invocations", { dataframe_records: records });
    expect([answer.status, answer.headers.get("muster-model-version")]).toEqual([200, "1,2"]);
    const { predictions, versions, acted_on } = answer.body as unknown as Answer;
    rows.forEach((key, row) => {
      const { version, control } = sideOf(split, key);
      expect(versions[row]).toBe(String(version ?? 1));
      expect(predictions[row]!.probabilities.Yes).toBeCloseTo(answerOf(version ?? 1), 5);
      expect(acted_on[row]).toBe(!control);
    });
  });

  it("keeps a shadow's answers from the caller and logs them under the same request and rows", async () => {
    await start();
    const inputs = Object.entries({
      customer: "BYTES",
      tenure: "FP64",
      plan: "BYTES",
      member: "BOOL",
      joined: "BYTES",
    });
    const answer = await serving.post("/v2/models/churn/infer", {
      id: "mine",
      inputs: inputs.map(([name, datatype]) => ({
        ...{ name, datatype, shape: [rows.length, 1] },
        data: records.map((record) => record[name as keyof (typeof records)[0]]),
      })),
    });
    expect([answer.status, answer.body.model_version]).toEqual([200, "1,2"]);
    await vi.waitFor(() => expect(serving.predictions.counts().logged).toBe(2 * rows.length), patient);
    const log = await logged();
    expect(new Set(log.map(({ request }) => request))).toEqual(new Set(["mine"]));
    expect(new Set(log.map((line) => line.split))).toEqual(new Set([split.salt]));
    const shadows = log.filter(({ role }) => role === "shadow");
    expect(new Set(shadows.map(({ version }) => version))).toEqual(new Set([3]));
    expect(shadows.map(({ row, key }) => [row, key])).toEqual(rows.map((key, row) => [row, key]));
    for (const { row, key, version, role } of log.filter((line) => line.role !== "shadow")) {
      const side = sideOf(split, rows[row]!);
      expect([key, version, role]).toEqual([rows[row], side.version ?? 1, side.control ? "control" : "answer"]);
    }
  });

  it("a version that is asked for by name answers alone and is no part of the split", async () => {
    await start();
    const answer = await serving.post("/invocations?model=churn/3", { dataframe_records: records.slice(0, 5) });
    expect(answer.headers.get("muster-model-version")).toBe("3");
    expect((await serving.post("/invocations?model=churn/4", { dataframe_records: records })).status).toBe(404);
    expect((await logged()).map(({ version, role, split }) => [version, role, split])).toEqual(
      Array.from({ length: 5 }, () => [3, "asked", undefined]),
    );
  });

  it("where a version beside it fails, the live one answers its rows and is the version named; the failure is counted", async () => {
    const broken = keyed(2);
    const wrong = { ...broken, cutoff: { kind: "column" as const, column: "absent" } };
    await start([wrong, keyed(3)]);
    const answer = await serving.post("/invocations", { dataframe_records: records });
    expect([answer.status, answer.headers.get("muster-model-version")]).toEqual([200, "1"]);
    const { text } = await serving.get("/metrics");
    expect(text).toContain('muster_serving_version_failures_total{model="churn",version="2",split="a test"} 1');
  });

  it("a split with a version that can't be loaded isn't put in force; what was served stays", async () => {
    await start();
    const damaged = { ...keyed(4), hash: "0".repeat(64) };
    const next = { split: { ...split, arms: [], shadow: [4] }, models: [damaged] };
    await expect(serving.models.replace("churn", keyed(1), null, next)).rejects.toThrow();
    const answer = await serving.post("/invocations", { dataframe_records: records });
    expect(answer.headers.get("muster-model-version")).toBe("1,2");
  });
});
