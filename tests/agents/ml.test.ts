import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cancelRequest } from "@muster/bus/cancel.ts";
import type { Reply } from "@muster/bus/message.ts";
import { answersOf } from "@muster/ml/holdout.ts";
import { openModel } from "@muster/ml/onnx/run.ts";
import { sampleMatrix } from "@muster/ml/scoring/read-matrix.ts";
import { canonical, hashOf } from "@muster/shared/canonical.ts";
import { pinOf } from "@muster/shared/domain/dataset.ts";
import type { RunResult } from "@muster/shared/domain/model.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { rocAuc } from "@muster/shared/stats/metrics.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { accept, askFrom, sign } from "../support/signing.ts";
import { type MlBench, type Shown, startMl } from "./trainable.ts";

const telco = join(import.meta.dirname, "../../../shared/datasets/telco_churn/telco_churn.csv");
const here = existsSync(telco);
if (!here) console.warn("skipped: ../shared/datasets is absent, no model is trained on public files");

/** 900 made-up visitors with an answer that tenure and plan tell in part. */
function visitors(seed: number): string {
  const random = seededRandom(seed);
  const rows = Array.from({ length: 900 }, (_, i) => {
    const tenure = Math.floor(random() * 60);
    const plan = ["basic", "plus", "max"][Math.floor(random() * 3)]!;
    const spent = (20 + 10 * random() + (plan === "max" ? 8 : 0)).toFixed(2);
    const gone = 1.2 - tenure / 20 - (plan === "max" ? 1 : 0) + normal(random) > 0;
    return `v${i},${tenure},${plan},${random() < 0.05 ? "" : spent},${gone ? "yes" : "no"}`;
  });
  return `visitor_id,tenure,plan,spent,gone\n${rows.join("\n")}\n`;
}

let at: MlBench;
const inbox = () => inboxFolder(at.bench.home);
async function load(name: string, text: string, more = {}) {
  writeFileSync(join(inbox(), `${name}.csv`), text);
  const { version } = await ingest({ lake: at.lake, inbox: inbox(), file: `${name}.csv`, now: new Date(), ...more });
  return pinOf(name, version);
}
async function copied(file: string, name: string) {
  copyFileSync(file, join(inbox(), `${name}.csv`));
  const { version } = await ingest({ lake: at.lake, inbox: inbox(), file: `${name}.csv`, now: new Date() });
  return pinOf(name, version);
}
/** Everything up to the training, for one request. */
async function prepared(pin: string, input: object, limits = {}): Promise<Shown> {
  const shown = await at.request();
  await at.step("define_problem", shown, { dataset: pin, ...input });
  await at.clear(shown, pin);
  await at.step("suggest_features", shown);
  await at.step("create_feature_pipeline", shown);
  await at.materialize(shown, pin, limits);
  await at.step("select_model", shown);
  return shown;
}
const output = <T>(reply: Reply) => reply.output as T & { verdict: string };
type Status = { runs: { run: string; status: string; error: { code: string } | null; cpuSeconds: number | null }[] };
const status = async () => output<Status>(await askFrom(at.door, { tool: "ml.get_ml_status" })).runs;
/** The same receipts with some put in place, to be changed without the others noticing. */
const copyOf = (shown: Shown, instead: Record<string, string> = {}): Shown =>
  Object.defineProperty({ ...shown, ...instead }, "$request", { value: shown.$request, enumerable: false });

beforeAll(async () => {
  at = await startMl();
  mkdirSync(inbox(), { recursive: true });
}, 60_000);
afterAll(async () => {
  await at?.stop();
});

describe("from a question to a registered model", () => {
  let pin: string;
  let shown: Shown;
  let run: RunResult;
  beforeAll(async () => {
    pin = await load("visitors", visitors(1));
    shown = await prepared(pin, { dataset: "visitors", target: "gone" });
    run = output<RunResult>(await at.step("train_model", shown));
  }, 120_000);

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
    expect((await status()).find((one) => one.run === run.run)).toMatchObject({ status: "finished", error: null });
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

  test("explains by raw columns in shares that add to 1", async () => {
    const explained = output<{ importance: { name: string; importance: number }[]; rows: number }>(
      await at.step("explain_model", shown),
    );
    expect(explained.importance.reduce((sum, one) => sum + one.importance, 0)).toBeCloseTo(1, 9);
    expect(explained.importance[0]!.name).toBe("tenure");
    expect(explained.importance.map(({ name }) => name)).not.toContain("visitor_id");
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

  test("the same question on another table gets a name of its own, and one that was asked for is refused", async () => {
    const other = await load("guests", visitors(2));
    const theirs = await prepared(other, { target: "gone" });
    await at.step("train_model", theirs);
    await at.step("evaluate_model", theirs);
    const named = output<{ name: string }>(await at.step("register_model", theirs));
    expect(named.name).toBe("guests_gone");
    const taken = await prepared(other, { target: "gone", name: "elsewhere" });
    await at.step("train_model", taken);
    await at.step("evaluate_model", taken);
    await expect(at.step("register_model", taken, { name: "gone" })).rejects.toMatchObject({ code: "conflict" });
  }, 120_000);

  test("the same data, seed and engine give the same model", async () => {
    const again = await prepared(pin, { target: "gone" });
    expect(output<RunResult>(await at.step("train_model", again)).model).toBe(run.model);
  }, 60_000);
});

describe("other kinds of answer", () => {
  test("an amount, and one of three classes: trained, evaluated and explained with their own figures", async () => {
    const pin = await load("shoppers", visitors(6));
    const figures = async (target: string) => {
      const shown = await prepared(pin, { target });
      const run = output<RunResult>(await at.step("train_model", shown));
      const { metrics } = output<{ metrics: Record<string, number> }>(await at.step("evaluate_model", shown));
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
    const pin = await load("coins", `day,wind,heads\n${rows.join("\n")}\n`);
    const shown = await prepared(pin, { target: "heads" });
    expect(output<RunResult>(await at.step("train_model", shown)).beatsConstant).toBe(false);
    const evaluation = output<{ exploratory: boolean }>(await at.step("evaluate_model", shown));
    expect(evaluation).toMatchObject({
      exploratory: true,
      verdict: expect.stringContaining("no better than the constant"),
    });
  }, 60_000);
});

describe("what a training must not do", () => {
  let pin: string;
  let shown: Shown;
  beforeAll(async () => {
    pin = await load("callers", visitors(3));
    shown = await prepared(pin, { target: "gone" });
  }, 60_000);
  const refused = async (receipts: Shown, why: object) => {
    const before = (await status()).length;
    await expect(at.step("train_model", receipts)).rejects.toMatchObject(why);
    expect((await status()).length).toBe(before);
  };

  test("run without receipts, naming every fact that is missing", async () => {
    await refused(await at.request(), {
      code: "precondition_failed",
      data: {
        missing: [
          ...["problem.defined", "scope.pinned", "view.registered", "features.materialized", "training_set.passed"],
          ...["candidates.chosen", "budget.reserved", "training.cleared"],
        ],
      },
    });
  });

  test("take a clearance of another person, another request, or one that is forged or revoked", async () => {
    const { problem } = { problem: await at.value<"problem.defined">(shown["problem.defined"]!) };
    const value = await at.value<"training.cleared">(shown.cleared!);
    const about = { problem: problem.hash, scope: [pin], person: "eve", purpose: "analytics" };
    const own = { request: shown.$request!, person: "eve" };
    const missing = { code: "precondition_failed", data: { missing: ["training.cleared"] } };
    const eves = await sign(at.by.governance!, "training.cleared", about, value, own);
    await refused(copyOf(shown, { cleared: eves }), missing);
    const elsewhere = await sign(at.by.governance!, "training.cleared", { ...about, person: "ada" }, value, {
      request: "req_other",
      person: "ada",
    });
    await refused(copyOf(shown, { cleared: elsewhere }), missing);
    await expect(sign(at.by.ml!, "training.cleared", { ...about, person: "ada" }, value)).rejects.toThrow(
      /may not give/,
    );
    const governance = at.by.governance!.evidence;
    const signed = await governance.sign({
      ...{ id: "rcp_forged", fact: "training.cleared", about, value, verdict: "passed", uses: [] },
      ...own,
    });
    // A true signature over eve's clearance, under a text that names ada.
    const forged = JSON.parse(signed.document.replaceAll('"eve"', '"ada"')) as typeof signed.receipt;
    forged.subject = hashOf(forged.about);
    const text = canonical(forged);
    await governance.store.give(governance.store.db, { ...forged, signature: signed.receipt.signature }, text);
    await refused(copyOf(shown, { cleared: "rcp_forged" }), missing);
    const mine = await sign(at.by.governance!, "training.cleared", { ...about, person: "ada" }, value, {
      ...own,
      person: "ada",
    });
    await at.by.governance!.evidence.store.revoke(at.by.governance!.evidence.store.db, mine, "a test");
    await refused(copyOf(shown, { cleared: mine }), missing);
  });

  test("go on under an acceptance that has expired", async () => {
    const yesterday = new Date(Date.now() - 26 * 3_600_000);
    const door = await at.bench.process("gateway", { now: () => yesterday });
    const accepted = await accept(door, shown.$request!);
    await refused(copyOf(shown, { accepted }), {
      code: "precondition_failed",
      data: { why: expect.arrayContaining([{ fact: "request.accepted", why: "expired" }]) },
    });
  });

  test("train on columns that a true clearance doesn't clear", async () => {
    const other = copyOf(shown);
    const value = await at.value<"training.cleared">(shown.cleared!);
    const problem = await at.value<"problem.defined">(shown["problem.defined"]!);
    const columns = {
      ...value.columns,
      "callers.tenure": { ...value.columns["callers.tenure"]!, role: "none" as const },
    };
    other.cleared = await sign(
      at.by.governance!,
      "training.cleared",
      { problem: problem.hash, scope: [pin], person: "ada", purpose: "analytics" },
      { ...value, columns },
      { request: shown.$request!, person: "ada" },
    );
    const { training } = { training: (await at.value<"features.materialized">(shown.training!)).dataset };
    await at.reserve(other, { problem, training });
    await refused(other, { code: "denied", data: { column: "callers.tenure" } });
  });

  test("use another matrix's checks or budget", async () => {
    const problem = await at.value<"problem.defined">(shown["problem.defined"]!);
    const other = copyOf(shown);
    await at.reserve(other, { problem, training: `gone_training@${"1".repeat(64)}` });
    await refused(other, { code: "precondition_failed", data: { missing: ["budget.reserved"] } });
  });

  test("go on when it is out of budget or memory: it says what it used, and no model exists", async () => {
    const problem = await at.value<"problem.defined">(shown["problem.defined"]!);
    const training = (await at.value<"features.materialized">(shown.training!)).dataset;
    for (const [limits, code] of [
      [{ limitCpuSeconds: 0.001 }, "over_budget"],
      [{ limitMemoryMb: 40 }, "unfit"],
    ] as const) {
      const tight = copyOf(shown);
      const reservation = await at.reserve(tight, { problem, training }, limits);
      const error = await at.step("train_model", tight).catch((e: unknown) => e);
      expect(error).toMatchObject({ code, data: { reservation, run: expect.stringMatching(/^run_/) } });
      const { run } = (error as { data: { run: string } }).data;
      expect((await status()).find((one) => one.run === run)).toMatchObject({ status: "failed", error: { code } });
      const { rows } = await at.by.ml!.pool.query(
        "select payload from evidence.outbox where event = 'ml.train_model_failed' and payload->>'run' = $1",
        [run],
      );
      expect(rows).toHaveLength(1);
      expect(rows[0].payload).toMatchObject({ reservation, code });
      expect(Object.keys(tight)).not.toContain("run.finished");
    }
  }, 60_000);

  test("train twice when it is delivered twice, or use a reservation again", async () => {
    const before = (await status()).length;
    const replies = await Promise.all([1, 2, 3].map(() => at.step("train_model", copyOf(shown), {}, "one-training")));
    expect(new Set(replies.map((reply) => output<RunResult>(reply).run)).size).toBe(1);
    expect((await status()).length).toBe(before + 1);
    await refused(shown, { code: "precondition_failed", data: { missing: ["budget.reserved"] } });
  }, 60_000);

  test("go on when its request is cancelled: the child ends, the run is marked, what it used is told", async () => {
    const problem = await at.value<"problem.defined">(shown["problem.defined"]!);
    const training = (await at.value<"features.materialized">(shown.training!)).dataset;
    const again = copyOf(shown);
    const reservation = await at.reserve(again, { problem, training });
    const begun = at.step("train_model", again).catch((e: unknown) => e);
    await vi.waitFor(async () => expect((await status())[0]!.status).toBe("running"), {
      timeout: 15_000,
      interval: 20,
    });
    await cancelRequest(at.by.gateway!, shown.$request!);
    expect(await begun).toMatchObject({ code: "cancelled", data: { reservation } });
    expect((await status())[0]).toMatchObject({ status: "cancelled", error: { code: "cancelled" } });
  }, 60_000);

  test("use data that changed since they were checked", async () => {
    const problem = await at.value<"problem.defined">(shown["problem.defined"]!);
    const training = (await at.value<"features.materialized">(shown.training!)).dataset;
    const late = copyOf(shown);
    await at.reserve(late, { problem, training });
    await load("callers", visitors(4));
    await refused(late, { code: "conflict", data: { dataset: "callers" } });
  });
});

describe("bad input", () => {
  const call = (tool: string, input: Record<string, unknown>, receipts: string[] = [], request: string | null = null) =>
    askFrom(at.door, { tool: `ml.${tool}`, input, receipts, request });

  test("each tool refuses it with its code and says what to do", async () => {
    const shown = await at.request();
    const accepted = [shown.accepted!];
    const define = (input: Record<string, unknown>) => call("define_problem", input, accepted, shown.$request!);
    await load("plain", visitors(5));
    await load("same", "a,b\n1,x\n2,x\n3,x\n");
    for (const [input, code, words] of [
      [{ dataset: "weather_on_mars", target: "rain" }, "not_found", "weather_on_mars"],
      [{ dataset: "plain", target: "gonne" }, "not_found", "gone"],
      [{ dataset: "plain" }, "invalid_input", "a target column or an event"],
      [{ dataset: "plain", target: "gone", metric: "rmse" }, "invalid_input", "rmse can't judge"],
      [{ dataset: "same", target: "b" }, "unfit", "one class only"],
      [{ dataset: "plain", target: 5 }, "invalid_input", "target"],
    ] as const)
      await expect(define(input)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
    await expect(call("define_problem", { dataset: "plain", target: "gone" })).rejects.toMatchObject({
      code: "precondition_failed",
      data: { missing: ["request.accepted"] },
    });
    for (const tool of ["suggest_features", "create_feature_pipeline", "select_model", "explain_model"])
      await expect(call(tool, {})).rejects.toMatchObject({ code: "precondition_failed" });
    for (const tool of ["evaluate_model", "register_model"])
      await expect(call(tool, {}, accepted, shown.$request!)).rejects.toMatchObject({ code: "precondition_failed" });
    await expect(call("register_model", { name: "Not A Name" })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(call("get_model_versions", { name: "nobody" })).rejects.toMatchObject({ code: "not_found" });
    await expect(call("get_ml_status", { surplus: 1 })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(call("train_model", { name: "" })).rejects.toMatchObject({ code: "invalid_input" });
    const experiment = () => call("create_experiment", { name: "winter" }, accepted, shown.$request!);
    expect(output<{ name: string }>(await experiment()).name).toBe("winter");
    await expect(experiment()).rejects.toMatchObject({ code: "conflict" });
  });
});

describe.skipIf(!here)("on public files", () => {
  test("telco churn: cross-validated at least 0.840, the hold-out with its interval, the id left out", async () => {
    const pin = await copied(telco, "telco_churn");
    const shown = await prepared(pin, { target: "Churn" });
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
