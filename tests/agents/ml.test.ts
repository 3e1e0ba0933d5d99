import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { evaluate } from "@muster/ml/evaluate.ts";
import { answersOf } from "@muster/ml/holdout.ts";
import { openModel } from "@muster/ml/onnx/run.ts";
import { sampleMatrix } from "@muster/ml/scoring/read-matrix.ts";
import type { EvaluationReport } from "@muster/shared/domain/evaluation-report.ts";
import type { Evaluation, Explanation, RunResult } from "@muster/shared/domain/model.ts";
import type { ModelExplanation } from "@muster/shared/domain/model-explanation.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { rocAuc } from "@muster/shared/stats/metrics.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askFrom } from "../support/signing.ts";
import { copyOf, type MlBench, output, type Shown, startMl, visitors } from "./trainable.ts";

const telco = join(import.meta.dirname, "../../../shared/datasets/telco_churn/telco_churn.csv");
const here = existsSync(telco);
if (!here) console.warn("skipped: ../shared/datasets is absent, no model is trained on public files");

let at: MlBench;
beforeAll(async () => {
  at = await startMl();
});
afterAll(async () => {
  await at?.stop();
});

describe("from a question to a registered model", () => {
  let pin: string;
  let shown: Shown;
  let run: RunResult;
  beforeAll(async () => {
    pin = await at.load("visitors", visitors(1));
    shown = await at.prepared(pin, { dataset: "visitors", target: "gone" });
    run = output<RunResult>(await at.step("train_model", shown));
  }, 120_000);

  test("each candidate is proposed with what it should take, and what neighbours tell of the label is measured", async () => {
    const chosen = await at.value<"candidates.chosen">(shown["candidates.chosen"]!);
    for (const { expected } of chosen.candidates) {
      expect(expected!.cpuSeconds.low).toBeGreaterThan(0);
      expect(expected!.cpuSeconds.high).toBeGreaterThan(expected!.cpuSeconds.mid);
      expect(expected!.memoryMb.mid).toBeGreaterThan(50);
    }
    const took = (id: string) => chosen.candidates.find((one) => one.id === id)!.expected!.cpuSeconds.mid;
    expect(took("constant")).toBeLessThan(took("xgboost_deep"));
    expect(chosen.signal).toBeGreaterThan(0.1);
    expect(chosen.signal).toBeLessThan(0.9);
  });

  test("the run names its file, its candidates and what it took, and settles its reservation", async () => {
    const { reservation } = await at.value<"budget.reserved">(shown.reserved!);
    expect(run.board.map((row) => row.algorithm)).toEqual(
      expect.arrayContaining(["constant", "linear", "xgboost", "random_forest"]),
    );
    expect(run.board.filter((row) => row.chosen)).toHaveLength(1);
    expect(run.cv.roc_auc!.mean).toBeGreaterThan(0.75);
    expect(run.baseline.roc_auc).toBe(0.5);
    expect(run.features).not.toContain("visitor_id");
    expect(run.cpuSeconds).toBeGreaterThan(0);
    const { rows } = await at.by.ml!.pool.query(
      "select payload from evidence.outbox where event = 'ml.run_finished' and payload->>'run' = $1",
      [run.run],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0].payload).toMatchObject({ reservation, rows: run.rows, algorithm: run.algorithm });
    const works = rows[0].payload.works as { cpuSeconds: number }[];
    expect(works.reduce((sum, one) => sum + one.cpuSeconds, 0)).toBeCloseTo(run.cpuSeconds, 6);
    expect((await at.runs()).find((one) => one.run === run.run)).toMatchObject({ status: "finished", error: null });
  });

  test("evaluates the stored bytes on the sealed rows and counts each look", async () => {
    const first = copyOf(shown);
    const evaluation = output<{
      metrics: Record<string, number>;
      intervals: Record<string, [number, number]>;
      look: number;
    }>(await at.step("evaluate_model", first));
    shown["model.evaluated"] = first["model.evaluated"]!;
    const { holdout } = { holdout: (await at.value<"features.materialized">(shown.holdout!)).dataset };
    const bytes = await at.by.ml!.evidence.artifact(run.model);
    const open = await openModel(bytes, { expectedSha256: run.model });
    const { columns, rows } = await sampleMatrix(at.lake, holdout, [...open.features], 1e6);
    const [, positive] = await answersOf(open, columns, rows);
    await open.close();
    const labels = await at.query(holdout, `select (__label = 'yes')::INTEGER AS y from t order by __row`);
    const auc = rocAuc(
      labels.map((row) => Number(row.y)),
      positive!,
    );
    expect(evaluation.metrics.roc_auc).toBeCloseTo(auc, 9);
    expect(Object.keys(evaluation.metrics).sort()).toEqual(
      ["roc_auc", "average_precision", "log_loss", "brier", "f1_macro", "accuracy"].sort(),
    );
    const [low, high] = evaluation.intervals.roc_auc!;
    expect(low).toBeLessThan(auc);
    expect(high).toBeGreaterThan(auc);
    expect(evaluation.look).toBe(1);
    const again = output<{ look: number }>(await at.step("evaluate_model", copyOf(shown)));
    expect(again.look).toBe(2);
  });

  test("reports every figure of the look; what is stored gives them again", async () => {
    const look = copyOf(shown);
    const asked = { thresholds: [0.2, 0.9], costs: { falsePositive: 1, falseNegative: 8 }, by: ["Plan"] };
    const { report, ...evaluation } = output<Evaluation & { report: EvaluationReport }>(
      await at.step("evaluate_model", look, asked),
    );
    const stored = JSON.parse(Buffer.from(await at.by.ml!.evidence.artifact(evaluation.predictions)).toString());
    const labels = Float64Array.from(stored.label);
    const probabilities = Float64Array.from(stored.prediction[1]);
    const again = evaluate({
      ...{ scored: { task: "binary", labels, probabilities }, constant: stored.constant },
      ...{ clusters: stored.cluster?.map(String) ?? null, threshold: stored.threshold, seed: stored.seed },
    });
    expect(report.metrics).toEqual(again.metrics);
    expect(report.metrics.mcc!.low).toBeLessThan(report.metrics.mcc!.high);
    expect(report.confusion).toEqual(again.confusion!.counts);
    expect(report.gains!.at(-1)).toMatchObject({ captured: 1, lift: 1 });
    const yes = probabilities.filter((p) => p >= 0.9).length;
    const at9 = report.thresholds!.find(({ threshold }) => threshold === 0.9)!;
    expect(at9).toMatchObject({ of: "asked" });
    expect(at9.tp + at9.fp).toBe(yes);
    expect(report.costs!.byProbability.threshold).toBeCloseTo(1 / 9, 12);
    expect(report.costs!.cheapest.cost).toBeLessThanOrEqual(report.costs!.recorded);
    expect(report.groups.asked).toBe(true);
    expect(report.groups.list.map((group) => group.feature)).toEqual(report.groups.list.map(() => "plan"));
    expect(report.permutation.features[0]!.name).toBe("tenure");
    expect(report.permutation.features[0]!.drop).toBeGreaterThan(0.1);
    const kept = JSON.parse(Buffer.from(await at.by.ml!.evidence.artifact(evaluation.reported!)).toString());
    expect(kept).toEqual(report);
  });

  test("a question that can't be answered is no look", async () => {
    const looks = async () => output<{ look: number }>(await at.step("evaluate_model", copyOf(shown))).look;
    const before = await looks();
    await expect(at.step("evaluate_model", copyOf(shown), { by: ["tenur"] })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("tenure"),
    });
    for (const wrong of [{ thresholds: [2] }, { costs: { falsePositive: 0, falseNegative: 1 } }, { by: [] }])
      await expect(at.step("evaluate_model", copyOf(shown), wrong)).rejects.toMatchObject({ code: "invalid_input" });
    expect(await looks()).toBe(before + 1);
  });

  test("explains by raw columns in shares that add to 1", async () => {
    const explained = output<{ importance: { name: string; importance: number }[]; rows: number }>(
      await at.step("explain_model", shown),
    );
    expect(explained.importance.reduce((sum, one) => sum + one.importance, 0)).toBeCloseTo(1, 9);
    expect(explained.importance[0]!.name).toBe("tenure");
    expect(explained.importance.map(({ name }) => name)).not.toContain("visitor_id");
  });

  test("says what a slice and an entity's row come to; the entity's values stand in the details alone", async () => {
    const training = (await at.value<"features.materialized">(shown.training!)).dataset;
    const [row] = await at.query(training, `select __entity, tenure from t order by __row limit 1`);
    const entity = String(row!.__entity);
    const told = output<Explanation & ModelExplanation>(
      await at.step("explain_model", copyOf(shown), { entity, slice: { feature: "tenure", to: 12 } }),
    );
    const [first] = told.slice!.importance;
    expect(first!.name).toBe("tenure");
    expect(told.slice!.rows).toBe(
      Number((await at.query(training, `select count(*)::INTEGER as n from t where tenure < 12`))[0]!.n),
    );
    const { contributions, bias, margin, details, of } = told.entity!;
    expect(of).toBe("training");
    expect(contributions.reduce((sum, one) => sum + one.contribution, bias)).toBeCloseTo(margin, 4);
    const kept = JSON.parse(Buffer.from(await at.by.ml!.evidence.artifact(details)).toString());
    expect(kept.reasons.join()).toContain(`tenure = ${Number(Number(row!.tenure).toPrecision(4))}`);
    expect(told.permutation![0]!.name).toBe("tenure");
    expect(told.dependence[0]!.feature).toBe("tenure");
    expect(told.dependence[0]!.points[0]!.mean[0]).toBeGreaterThan(told.dependence[0]!.points.at(-1)!.mean[0]!);
    for (const [wrong, code] of [
      [{ entity: "nobody" }, "not_found"],
      [{ slice: { feature: "tenur", to: 1 } }, "not_found"],
      [{ slice: { feature: "tenure", in: ["a"] } }, "invalid_input"],
      [{ slice: { feature: "tenure", to: -1 } }, "unfit"],
      [{ entity: "" }, "invalid_input"],
    ] as const)
      await expect(at.step("explain_model", copyOf(shown), wrong)).rejects.toMatchObject({ code });
  });

  test("registers the bytes once, as version 1 of the target's slug", async () => {
    const registered = output<{ name: string; version: number; hash: string }>(await at.step("register_model", shown));
    expect(registered).toMatchObject({ name: "gone", version: 1, hash: run.model });
    const again = output<{ version: number }>(await at.step("register_model", shown));
    expect(again.version).toBe(1);
    const { models } = output<{ models: { name: string; versions: { version: number; metrics: object }[] }[] }>(
      await askFrom(at.door, { tool: "ml.get_model_versions", input: { name: "gone" } }),
    );
    expect(models).toMatchObject([{ name: "gone", versions: [{ version: 1, hash: run.model, aliases: [] }] }]);
  });

  test("explains the model that is named and no other", async () => {
    const named = (model: string) => at.step("explain_model", copyOf(shown), { model });
    expect(output<{ rows: number }>(await named("models:/gone/1")).rows).toBeGreaterThan(0);
    for (const [model, code] of [
      ["models:/gone/7", "not_found"],
      ["gone", "not_found"],
      ["runs:/run_other", "precondition_failed"],
      ["Gone with the wind", "invalid_input"],
    ] as const)
      await expect(named(model)).rejects.toMatchObject({ code });
    await expect(at.step("find_error_slices", copyOf(shown), { model: "models:/gone/7" })).rejects.toMatchObject({
      code: "not_found",
    });
  });

  test("the same question on another table gets a name of its own, and one that was asked for is refused", async () => {
    const other = await at.load("guests", visitors(2));
    const theirs = await at.prepared(other, { target: "gone" });
    await at.step("train_model", theirs);
    await at.step("evaluate_model", theirs);
    const named = output<{ name: string }>(await at.step("register_model", theirs));
    expect(named.name).toBe("guests_gone");
    const taken = await at.prepared(other, { target: "gone", name: "elsewhere" });
    await at.step("train_model", taken);
    await at.step("evaluate_model", taken);
    await expect(at.step("register_model", taken, { name: "gone" })).rejects.toMatchObject({ code: "conflict" });
  }, 120_000);

  test("the same data, seed and engine give the same model", async () => {
    const again = await at.prepared(pin, { target: "gone" });
    expect(output<RunResult>(await at.step("train_model", again)).model).toBe(run.model);
  }, 60_000);
});

describe("other kinds of answer", () => {
  test("an amount, and one of three classes: trained, evaluated and explained with their own figures", async () => {
    const pin = await at.load("shoppers", visitors(6));
    const figures = async (target: string) => {
      const shown = await at.prepared(pin, { target });
      const run = output<RunResult>(await at.step("train_model", shown));
      await expect(at.step("evaluate_model", copyOf(shown), { thresholds: [0.5] })).rejects.toMatchObject({
        code: "invalid_input",
      });
      const { metrics, report } = output<Evaluation & { report: EvaluationReport }>(
        await at.step("evaluate_model", shown),
      );
      expect(report.thresholds).toBeNull();
      expect(report.residuals === null).toBe(run.task !== "regression");
      expect(report.permutation.features.length).toBe(run.features.length);
      const { rows } = output<{ rows: number }>(await at.step("explain_model", shown));
      expect(rows).toBe(run.rows);
      expect(run.threshold).toBeNull();
      return { task: run.task, classes: run.classes, keys: Object.keys(metrics).sort(), metrics };
    };
    const amount = await figures("spent");
    expect(amount).toMatchObject({ task: "regression", classes: [], keys: ["mae", "r2", "rmse"] });
    expect(amount.metrics.r2).toBeGreaterThan(0.3);
    const plan = await figures("plan");
    expect(plan).toMatchObject({
      ...{ task: "multiclass", classes: ["basic", "max", "plus"] },
      keys: ["accuracy", "f1_macro", "log_loss", "roc_auc"],
    });
    expect(plan.metrics.roc_auc).toBeGreaterThan(0.6);
  }, 120_000);

  test("an answer that nothing tells: the run finishes, the model is marked exploratory", async () => {
    const random = seededRandom(9);
    const rows = Array.from(
      { length: 600 },
      (_, i) => `${i % 7},${random().toFixed(3)},${random() < 0.4 ? "yes" : "no"}`,
    );
    const pin = await at.load("coins", `day,wind,heads\n${rows.join("\n")}\n`);
    const shown = await at.prepared(pin, { target: "heads" });
    expect((await at.value<"candidates.chosen">(shown["candidates.chosen"]!)).signal).toBeLessThan(0.25);
    expect(output<RunResult>(await at.step("train_model", shown)).beatsConstant).toBe(false);
    const evaluation = output<{ exploratory: boolean }>(await at.step("evaluate_model", shown));
    expect(evaluation).toMatchObject({
      exploratory: true,
      verdict: expect.stringContaining("no better than the constant"),
    });
  }, 60_000);
});

describe.skipIf(!here)("on public files", () => {
  test("telco churn: cross-validated at least 0.840, the hold-out with its interval, the id left out", async () => {
    const pin = await at.load("telco_churn", readFileSync(telco));
    const shown = await at.prepared(pin, { target: "Churn" });
    const suggested = await at.value<"features.suggested">(shown["features.suggested"]!);
    expect(suggested.features.map(({ name }) => name)).not.toContain("customerID");
    const run = output<RunResult>(await at.step("train_model", shown));
    expect(run.cv.roc_auc!.mean).toBeGreaterThanOrEqual(0.84);
    const evaluation = output<{ metrics: { roc_auc: number }; exploratory: boolean }>(
      await at.step("evaluate_model", shown),
    );
    expect(evaluation.metrics.roc_auc).toBeGreaterThan(0.8);
    expect(evaluation.exploratory).toBe(false);
    const { verdict } = output(await at.step("explain_model", shown));
    expect(verdict).not.toContain("customerID");
    expect(output<{ name: string }>(await at.step("register_model", shown)).name).toBe("churn");
    console.info(`telco_churn: ${run.verdict}; hold-out ${evaluation.metrics.roc_auc.toFixed(4)}; ${run.seconds} s`);
  }, 120_000);
});
