import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSampleCompany } from "@muster/infra/sample-company/generate.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import type { RequestView } from "@muster/shared/domain/request.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { strayFigures } from "../../agents/planner/answer/figures.ts";
import { stepOf } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

const fraud = { dataset: "card_transactions", target: "is_fraud" };
const times = (view: RequestView, tool: string, role?: string) =>
  view.plan.filter((step) => step.tool === tool && (role === undefined || step.input.role === role)).length;

describe("the fraud model of the sample company, made without a look at what a card did before", () => {
  const folder = mkdtempSync(join(tmpdir(), "muster-improve-"));
  let it: TestSwarm;
  let view: RequestView;
  const live = async () => (await it.owner.http<{ deployments: object[] }>("GET", "/v1/deployments")).body.deployments;
  beforeAll(async () => {
    const options = { seed: 20260630, customers: 500 };
    const [started, sample] = await Promise.all([startSwarm(), generateSampleCompany(folder, options)]);
    it = started;
    const { path, ...more } = sample.files.find(({ name }) => name === fraud.dataset)!;
    expect((await it.owner.load(path, more)).status).toBe(201);
    // By another metric it is another question: nothing of it stands when the model is made.
    const { body } = await it.owner.call<{ output: { features: Feature[] } }>("ml.suggest_features", {
      ...{ ...fraud, metric: "log_loss" },
    });
    const exclude = body.output.features.filter((one) => "table" in one).map(({ name }) => name);
    expect(exclude).toContain("card_id_past_count_10min");
    const asked = { ...fraud, exclude, rounds: 1 };
    const begun = await it.owner.http<{ request: string }>("POST", "/v1/tools/ml/improve_model", asked, {
      prefer: "respond-async",
    });
    expect(begun.status).toBe(202);
    view = await it.owner.settle(begun.body.request);
  }, 400_000);
  afterAll(async () => {
    await it?.stop();
    rmSync(folder, { recursive: true });
  });

  test("is wrong on bursts, is given a window over them, and the lift is confirmed by one look and deployed", async () => {
    expect(view).toMatchObject({ status: "succeeded", error: null });
    const { rounds, lift, look, kept } = view.answer!.improvement!;
    expect({ kept, look }).toEqual({ kept: true, look: 1 });
    expect(rounds).toHaveLength(1);
    expect(rounds[0]).toMatchObject({ better: true, unequal: null });
    const [first] = rounds[0]!.features;
    expect(first!.feature).toMatchObject({ kind: "window", table: "card_transactions", aggregate: "count" });
    expect(first!.because).toMatch(/in the last (10 minutes|hour|day)|seconds since the last/);
    const { roc_auc, average_precision } = lift!.overall;
    console.info(
      `fraud: lift in roc_auc ${JSON.stringify(roc_auc)}, average_precision ${JSON.stringify(average_precision)}`,
    );
    expect(roc_auc!.lift!.low).toBeGreaterThan(0.05);
    expect(average_precision!.lift!.low).toBeGreaterThan(0.2);
    expect(lift!.slice!.rows).toBeGreaterThan(10);
    expect(times(view, "ml.train_model")).toBe(2);
    expect(times(view, "ml.evaluate_model")).toBe(1);
    expect(times(view, "pipeline.materialize_features", "holdout")).toBe(1);
    const { text, deployment, model } = view.answer!;
    expect(text).toContain("Confirmed once on the");
    expect(text).toContain("The interval lies above zero: the challenger is kept.");
    expect(strayFigures(text, view.answer!)).toEqual([]);
    expect(model).toMatchObject({ holdoutLook: 1, hash: lift!.challenger });
    expect(await live()).toMatchObject([{ name: deployment!.name, hash: lift!.challenger }]);
  });

  test("asked for again in plain words it begins with what was kept; without lift nothing is opened or changed", async () => {
    const before = await live();
    const again = await it.owner.ask("improve the fraud model, 1 round");
    expect(again).toMatchObject({ status: "succeeded", error: null });
    const { rounds, lift, kept } = again.answer!.improvement!;
    const found = stepOf(again, "ml.find_error_slices")!.output as { model: string };
    expect(found.model).toBe(view.answer!.model!.hash);
    expect({ lift, kept }).toEqual({ lift: null, kept: false });
    expect(rounds.every(({ better }) => !better)).toBe(true);
    expect(again.answer!.text).toContain("No lift:");
    expect(strayFigures(again.answer!.text, again.answer!)).toEqual([]);
    expect(times(again, "ml.evaluate_model")).toBe(0);
    expect(await live()).toEqual(before);
  }, 200_000);
});
