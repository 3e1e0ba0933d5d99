import type { RunResult } from "@muster/shared/domain/model.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askFrom } from "../support/signing.ts";
import { type MlBench, output, startMl, visitors } from "./trainable.ts";

let at: MlBench;
beforeAll(async () => {
  at = await startMl();
});
afterAll(async () => {
  await at?.stop();
});

type Detail = {
  params: Record<string, string>;
  tags: Record<string, string>;
  metrics: { key: string; value: number; step: number; points: number }[];
  history: { values: { step: number; value: number }[]; next_page_token: string | null } | null;
  artifacts: { path: string; hash: string; uri: string }[];
  code: { version: string; commit: string | null } | null;
  data: string[];
  versions: { name: string; version: number }[];
};
type Status = {
  runs: { run: string; status: string; origin: string }[];
  totals: Record<string, number>;
  next_page_token: string | null;
  detail: Detail | null;
};

const read = async <T>(tool: string, input: Record<string, unknown>) =>
  output<T>(await askFrom(at.door, { tool: `ml.${tool}`, input }));
const write = async <T>(tool: string, input: Record<string, unknown>) => {
  const shown = await at.request();
  return output<T>(
    await askFrom(at.door, { tool: `ml.${tool}`, input, receipts: [shown.accepted!], request: shown.$request! }),
  );
};
const status = (input: Record<string, unknown> = {}) => read<Status>("get_ml_status", input);
const log = (input: Record<string, unknown>) => write<{ run: string; logged: number }>("log_metrics", input);

describe("a run of one's own", () => {
  let run: string;
  beforeAll(async () => {
    await write("create_experiment", { name: "by_hand" });
    ({ run } = await log({ experiment: "by_hand", name: "first try", dataset: "visitors", target: "gone" }));
  });

  test("is begun in an experiment, logged to by step, and ended", async () => {
    expect(await log({ run, metrics: { loss: [0.9, 0.7, 0.6], "val/auc": 0.8 } })).toMatchObject({ logged: 4 });
    await log({ run, metrics: { loss: 0.5 }, step: 3, params: { depth: 4, eta: 0.1 }, tags: { who: "ada" } });
    await log({ run: `runs:/${run}`, tags: { who: "eve" }, status: "finished" });
    const { runs, detail } = await status({ run, metric: "loss", max_results: 3 });
    expect(runs).toMatchObject([{ run, status: "finished", origin: "outside" }]);
    expect(detail!.params).toEqual({ depth: "4", eta: "0.1" });
    expect(detail!.tags).toEqual({ who: "eve" });
    expect(detail!.metrics).toMatchObject([
      { key: "loss", value: 0.5, step: 3, points: 4 },
      { key: "val/auc", value: 0.8, step: 0, points: 1 },
    ]);
    expect(detail!.history!.values.map(({ step, value }) => [step, value])).toEqual([
      [0, 0.9],
      [1, 0.7],
      [2, 0.6],
    ]);
    const more = await status({ run, metric: "loss", max_results: 3, page_token: detail!.history!.next_page_token! });
    expect(more.detail!.history).toMatchObject({ values: [{ step: 3, value: 0.5 }], next_page_token: null });
  });

  test("keeps its parameters: the same again is nothing new, another value is refused and nothing of that call stays", async () => {
    await log({ run, params: { depth: "4" } });
    await expect(log({ run, params: { depth: 5 }, tags: { lost: "yes" } })).rejects.toMatchObject({ code: "conflict" });
    expect((await status({ run })).detail).toMatchObject({ params: { depth: "4" }, tags: { who: "eve" } });
    const moment = { run, step: 9, at: "2026-01-01T00:00:00Z" };
    await log({ ...moment, metrics: { loss: 0.4 } });
    await log({ ...moment, metrics: { loss: 0.4 } });
    await expect(log({ ...moment, metrics: { loss: 0.3 } })).rejects.toMatchObject({ code: "conflict" });
  });

  test.each([
    [{ run: "run_nobody", metrics: { loss: 1 } }, "not_found", "there is no run run_nobody"],
    [{ metrics: { loss: 1 } }, "invalid_input", "an experiment to begin one in"],
    [{ experiment: "nobody", metrics: { loss: 1 } }, "not_found", "no experiment nobody"],
    [{ experiment: "by_hand", metrics: { loss: "NaN" } }, "invalid_input", "metrics.loss"],
    [{ experiment: "by_hand", metrics: { loss: null } }, "invalid_input", "metrics.loss"],
    [{ experiment: "by_hand", metrics: { loss: [] } }, "invalid_input", "metrics.loss"],
    [{ experiment: "by_hand", metrics: { loss: [[1]] } }, "invalid_input", "metrics.loss"],
    [{ experiment: "by_hand", metrics: { "cv.roc_auc": 1 } }, "invalid_input", "measures itself"],
    [{ experiment: "by_hand", metrics: { "a\nb": 1 } }, "invalid_input", "metrics"],
    [{ experiment: "by_hand", artifacts: { model: "0".repeat(64) } }, "not_found", "no bytes are kept"],
    [{ experiment: "by_hand", step: -1 }, "invalid_input", "step"],
  ])("refuses %j", async (input, code, words) => {
    const before = (await status()).totals;
    await expect(log(input)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
    expect((await status()).totals).toEqual(before);
  });

  test("NaN, which JSON can't say, isn't taken for a number", async () => {
    await expect(log({ run, metrics: { loss: Number.NaN } })).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("runs are listed in pages, counted by status, and found by experiment", async () => {
    await write("create_experiment", { name: "many" });
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await log({ experiment: "many" })).run);
    await log({ run: ids[0], status: "failed" });
    const seen: string[] = [];
    for (let token: string | null | undefined; token !== null; ) {
      const page: Status = await status({ experiment: "many", max_results: 2, ...(token && { page_token: token }) });
      expect(page.totals).toEqual({ running: 4, failed: 1 });
      seen.push(...page.runs.map((one) => one.run));
      token = page.next_page_token;
    }
    expect(seen).toEqual(ids.toReversed());
    expect((await status({ experiment: "many", status: "failed" })).runs.map((one) => one.run)).toEqual([ids[0]]);
    await expect(status({ page_token: "nonsense" })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(status({ experiment: "nobody" })).rejects.toMatchObject({ code: "not_found" });
    await expect(status({ metric: "loss" })).rejects.toMatchObject({ code: "invalid_input" });
  });
});

describe("trainings compared", () => {
  type Line = { run: string; value: number | null; measured: string; cv: Record<string, { mean: number }> };
  type Interval = { value: number; low: number; high: number; rows: number } | null;
  type Compared = {
    metric: string;
    runs: Line[];
    pairs: {
      best: string;
      other: string;
      folds: { folds: number; difference: number; p: number; pCorrected: number } | null;
      rows: Interval;
      holdout: Interval;
      verdict: string;
      why: string;
    }[];
  };
  const compare = (input: Record<string, unknown>) => read<Compared>("compare_experiments", input);
  let whole: RunResult;
  let blind: RunResult;
  let amount: RunResult;
  beforeAll(async () => {
    await write("create_experiment", { name: "gone_race" });
    const pin = await at.load("leavers", visitors(11));
    const train = async (input: Record<string, unknown>, options = {}) => {
      const shown = await at.prepared(pin, input);
      const run = output<RunResult>(await at.step("train_model", shown, options));
      await at.step("evaluate_model", shown);
      return { run, shown };
    };
    const first = await train({ target: "gone" }, { name: "gone_race" });
    whole = first.run;
    blind = (await train({ target: "gone", exclusions: ["tenure"] }, { name: "gone_race" })).run;
    amount = (await train({ target: "spent" })).run;
    await at.step("register_model", first.shown);
  }, 180_000);

  test("the better one by its folds, its rows and the sealed rows; no hold-out is opened for it", async () => {
    const looks = () => at.by.ml!.pool.query("select count(*)::int as looks from ml.holdout_look");
    const before = (await looks()).rows;
    const found = await compare({ runs: [blind.run, "models:/gone/1"] });
    expect(found.metric).toBe("roc_auc");
    expect(found.runs.map(({ run }) => run)).toEqual([whole.run, blind.run]);
    expect(found.runs[0]).toMatchObject({ value: whole.cv.roc_auc!.mean, measured: "cross-validated" });
    const [pair] = found.pairs;
    expect(pair).toMatchObject({ best: whole.run, other: blind.run, verdict: "better" });
    const difference = whole.cv.roc_auc!.mean - blind.cv.roc_auc!.mean;
    expect(pair!.folds).toMatchObject({ folds: whole.folds });
    expect(pair!.folds!.difference).toBeCloseTo(difference, 9);
    expect(pair!.rows!.low).toBeGreaterThan(0);
    expect(pair!.rows!.rows).toBe(whole.rows);
    expect(pair!.holdout!.value).toBeGreaterThan(0);
    expect((await looks()).rows).toEqual(before);
    const lower = await compare({ experiments: ["gone_race"], metric: "log_loss" });
    expect(lower.runs[0]!.run).toBe(whole.run);
    expect(lower.pairs[0]).toMatchObject({ verdict: "better" });
    expect(lower.pairs[0]!.folds!.difference).toBeLessThan(0);
  });

  test("a run of outside stands beside them, without a claim", async () => {
    const { run } = await log({
      experiment: "gone_race",
      target: "gone",
      metrics: { roc_auc: 0.99 },
      status: "finished",
    });
    const found = await compare({ experiments: ["gone_race"] });
    expect(found.runs[0]).toMatchObject({ run, value: 0.99, measured: "as logged" });
    expect(found.pairs.map(({ verdict, folds }) => [verdict, folds])).toEqual([
      ["not paired", null],
      ["not paired", null],
    ]);
  });

  test("refuses two targets, an unknown run, a single one, a metric of another task", async () => {
    const refused = (input: Record<string, unknown>, code: string, words: string) =>
      expect(compare(input)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
    await refused({ runs: [whole.run, amount.run] }, "invalid_input", "another target (gone, spent)");
    await refused({ runs: [whole.run, "run_nobody"] }, "not_found", "run_nobody");
    await refused({ runs: [whole.run] }, "invalid_input", "one run only");
    await refused({ runs: [whole.run, blind.run], metric: "rmse" }, "invalid_input", "rmse isn't a metric");
    await refused({ runs: [whole.run, "no model!"] }, "invalid_input", "models:/NAME/VERSION");
    await refused({ runs: ["models:/gone/9", whole.run] }, "not_found", "no version 9");
    await refused({}, "invalid_input", "two runs");
  });

  test("a training is shown with what it was made of: parameters, scores, files, code and data", async () => {
    const { detail } = await status({ run: "models:/gone/1" });
    expect(detail!.params).toMatchObject({
      algorithm: whole.algorithm,
      seed: String(whole.seed),
      training: whole.training,
    });
    const metric = (key: string) => detail!.metrics.find((one) => one.key === key)?.value;
    expect(metric("cv.roc_auc")).toBe(whole.cv.roc_auc!.mean);
    expect(metric("holdout.roc_auc")).toBeGreaterThan(0.6);
    expect(detail!.artifacts.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["model.onnx", "out_of_fold.json.gz", "holdout_predictions.json"]),
    );
    expect(detail!.artifacts[0]).toMatchObject({ hash: whole.model, uri: `runs:/${whole.run}/model.onnx` });
    expect(detail!.code!.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(detail!.data).toEqual([expect.stringMatching(/^leavers@/), whole.training]);
    expect(detail!.versions).toEqual([{ name: "gone", version: 1 }]);
    await log({ run: whole.run, metrics: { business_value: 12.5 }, tags: { reviewed: "yes" } });
    expect((await status({ run: whole.run })).detail!.metrics.at(-1)).toMatchObject({
      key: "business_value",
      value: 12.5,
    });
    await expect(log({ run: whole.run, status: "failed" })).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("an alias points at a version; the champion is what is live, and nobody sets it by hand", async () => {
    const versions = (name: string) =>
      read<{ models: { versions: { version: number; aliases: string[] }[] }[] }>("get_model_versions", { name });
    await write("set_model_alias", { model: "gone", alias: "challenger", version: 1 });
    expect((await versions("models:/gone@challenger")).models[0]!.versions).toMatchObject([
      { version: 1, aliases: ["challenger"] },
    ]);
    expect((await versions(`runs:/${whole.run}`)).models).toHaveLength(1);
    await write("set_model_alias", { model: "gone", alias: "challenger" });
    expect((await versions("gone")).models[0]!.versions[0]!.aliases).toEqual([]);
    for (const [input, code] of [
      [{ model: "gone", alias: "champion", version: 1 }, "invalid_input"],
      [{ model: "gone", alias: "latest", version: 1 }, "invalid_input"],
      [{ model: "gone", alias: "challenger", version: 7 }, "not_found"],
      [{ model: "nobody", alias: "challenger", version: 1 }, "not_found"],
    ] as const)
      await expect(write("set_model_alias", input)).rejects.toMatchObject({ code });
    await expect(versions("models:/gone@challenger")).rejects.toMatchObject({ code: "not_found" });
  });
});
