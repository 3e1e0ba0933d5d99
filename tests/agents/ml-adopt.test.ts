import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readHoldout } from "@muster/ml/experiments/kept-answers.ts";
import type { Evaluation, RunResult } from "@muster/shared/domain/model.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { rocAuc } from "@muster/shared/stats/metrics.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askFrom, sign } from "../support/signing.ts";
import { copyOf, type MlBench, output, type Shown, startMl, visitors } from "./trainable.ts";

const models = join(import.meta.dirname, "../support/outside-models");
const signature = {
  inputs: [
    { column: "tenure" },
    { column: "spent" },
    { column: "plan", equals: "max" },
    { column: "plan", equals: "plus" },
  ],
  classes: ["no", "yes"],
  threshold: 0.4,
};

let at: MlBench;
let pin: string;
beforeAll(async () => {
  at = await startMl();
  pin = await at.load("leavers", visitors(41));
  mkdirSync(inboxFolder(at.bench.home), { recursive: true });
  copyFileSync(join(models, "leavers-xgboost.json"), join(inboxFolder(at.bench.home), "theirs.json"));
});
afterAll(async () => {
  await at?.stop();
});

type Offered = { outside: string; task: string; columns: { column: string; type: string }[] };
async function offer(input: Record<string, unknown>): Promise<Offered & { verdict: string }> {
  const shown = await at.request();
  const asked = { tool: "ml.offer_model", input, receipts: [shown.accepted!], request: shown.$request! };
  return output<Offered>(await askFrom(at.door, asked));
}

describe("a model that was made outside", () => {
  let shown: Shown;
  let run: RunResult;
  let offered: Offered;
  beforeAll(async () => {
    offered = await offer({ file: "theirs.json", signature });
    shown = await at.prepared(pin, { target: "gone", outside: offered.outside });
    run = output<RunResult>(await at.step("train_model", shown));
  }, 60_000);

  test("is asked the same question under another hash, so that no receipt of one answers for the other", async () => {
    const problem = await at.value<"problem.defined">(shown["problem.defined"]!);
    const plain = await at.request();
    await at.step("define_problem", plain, { dataset: pin, target: "gone" });
    const own = await at.value<"problem.defined">(plain["problem.defined"]!);
    expect(problem.hash).not.toBe(own.hash);
    expect(problem.outside).toMatchObject({ id: offered.outside, kind: "xgboost" });
    expect(problem.assumptions.join()).toContain("what it was trained on can't be checked");
    expect({ ...problem, hash: "", outside: undefined, assumptions: [] }).toEqual({
      ...own,
      hash: "",
      assumptions: [],
    });
  });

  test("reads its own columns and no other, and isn't trained: a constant and a linear model are, as its yardsticks", async () => {
    expect(offered.columns.map(({ column }) => column)).toEqual(["tenure", "spent", "plan"]);
    expect(run.features).toEqual(["tenure", "spent", "plan"]);
    expect(run).toMatchObject({
      algorithm: "outside",
      cv: {},
      threshold: 0.4,
      classes: ["no", "yes"],
      beatsConstant: true,
    });
    expect(run.board.map(({ algorithm, chosen }) => [algorithm, chosen])).toEqual([
      ["constant", false],
      ["linear", false],
      ["outside", true],
    ]);
    expect(run.baseline.roc_auc).toBe(0.5);
    expect(run.validation).toMatch(/^none: .*can't be checked/);
    expect(run.board[2]!.reason).toContain("made outside and not cross-validated");
  });

  test("goes through the same gates: judged on the sealed rows, explained, registered", async () => {
    const evaluation = output<Evaluation>(await at.step("evaluate_model", shown));
    const { label, prediction } = await readHoldout(evaluation.predictions, at.by.ml!.evidence.artifact);
    expect(evaluation.metrics.roc_auc).toBeCloseTo(rocAuc(label, prediction[1]!), 9);
    expect(evaluation.metrics.roc_auc).toBeGreaterThan(0.75);
    expect(evaluation.look).toBe(1);
    const explained = output<{ importance: { name: string; importance: number }[] }>(
      await at.step("explain_model", shown),
    );
    expect(explained.importance.map(({ name }) => name).sort()).toEqual(["plan", "spent", "tenure"]);
    expect(explained.importance.reduce((sum, one) => sum + one.importance, 0)).toBeCloseTo(1, 9);
    expect(explained.importance[0]!.name).toBe("tenure");
    const registered = output<{ name: string; version: number; hash: string }>(await at.step("register_model", shown));
    expect(registered).toMatchObject({ name: "gone", version: 1, hash: run.model });
  });

  test("counts as a look at the hold-out for whatever is trained on this question later", async () => {
    const own = await at.prepared(pin, { target: "gone" });
    const trained = output<RunResult>(await at.step("train_model", own));
    expect(trained.algorithm).not.toBe("outside");
    expect(output<Evaluation>(await at.step("evaluate_model", own)).look).toBe(2);
    const found = output<{ runs: { run: string; measured: string }[]; pairs: { verdict: string; why: string }[] }>(
      await askFrom(at.door, { tool: "ml.compare_experiments", input: { runs: [run.run, trained.run] } }),
    );
    expect(found.runs.map(({ measured }) => measured)).toEqual(["cross-validated", "not measured"]);
    expect(found.pairs).toMatchObject([
      { verdict: "not paired", why: expect.stringContaining("not cross-validated here") },
    ]);
  }, 60_000);

  test("may be an ONNX file too, which is held to what it answers itself to the training rows", async () => {
    copyFileSync(join(models, "logistic.onnx"), join(inboxFolder(at.bench.home), "theirs.onnx"));
    const inputs = signature.inputs.map((one) => (one.column === "spent" ? { ...one, impute: 27.6 } : one));
    const linear = await offer({ file: "theirs.onnx", signature: { inputs } });
    expect(linear).toMatchObject({ kind: "onnx", task: "binary", classes: ["no", "yes"] });
    const onnx = await at.prepared(pin, { target: "gone", outside: linear.outside });
    const adopted = output<RunResult>(await at.step("train_model", onnx));
    expect(adopted).toMatchObject({ algorithm: "outside", threshold: 0.5, beatsConstant: true });
    expect(output<Evaluation>(await at.step("evaluate_model", onnx)).metrics.roc_auc).toBeGreaterThan(0.75);
  }, 60_000);

  test("says so when its classes are taken the wrong way round, or are others than the label's", async () => {
    const turned = await offer({ file: "theirs.json", signature: { ...signature, classes: undefined } });
    const wrong = await at.prepared(pin, { target: "gone", positive: "no", outside: turned.outside });
    await expect(at.step("train_model", wrong)).rejects.toMatchObject({
      code: "unfit",
      message: expect.stringContaining("the wrong way round"),
    });
    const named = await offer({ file: "theirs.json", signature: { ...signature, classes: ["stays", "leaves"] } });
    const others = await at.prepared(pin, { target: "gone", outside: named.outside });
    await expect(at.step("train_model", others)).rejects.toMatchObject({ code: "unfit" });
    const amount = await at.prepared(pin, { target: "spent", outside: offered.outside }).catch((e: unknown) => e);
    expect(amount).toMatchObject({ code: "unfit", message: expect.stringContaining("what it is to tell") });
  }, 60_000);
});

describe("what may not be adopted", () => {
  const prepared = async (more: object, clear: (shown: Shown) => Promise<void> = async () => {}) => {
    const { outside } = await offer({ file: "theirs.json", signature: { ...signature, ...more } });
    const shown = await at.request();
    await at.step("define_problem", shown, { dataset: pin, target: "gone", outside });
    await at.clear(shown, pin);
    await clear(shown);
    return shown;
  };
  const inputs = (first: object) => [first, ...signature.inputs.slice(1)];

  test.each([
    [{ inputs: inputs({ column: "income" }) }, "not_found", "reads income, which leavers doesn't have"],
    [
      { inputs: inputs({ column: "visitor_id", equals: "v1" }) },
      "denied",
      "visitor_id, which isn't cleared for training",
    ],
    [{ inputs: inputs({ column: "tenure", equals: "12" }) }, "invalid_input", "compares tenure with a text"],
    [{ inputs: signature.inputs.map(({ column }) => ({ column })) }, "invalid_input", "plan is text"],
  ])("a model that reads %j", async (more, code, words) => {
    await expect(at.step("suggest_features", await prepared(more))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words),
    });
  });

  test("one that reads a column that gives the answer away", async () => {
    const shown = await prepared({}, async (receipts) => {
      const problem = await at.value<"problem.defined">(receipts["problem.defined"]!);
      const leak = {
        column: "leavers.tenure",
        by: "strength" as const,
        reason: "it is known with the label",
        number: 1,
      };
      const about = { problem: problem.hash, scope: [pin] };
      receipts.leakage = await sign(at.by.quality!, "leakage.found", about, { leaks: [leak], allowed: [] });
    });
    await expect(at.step("suggest_features", copyOf(shown))).rejects.toMatchObject({
      code: "unfit",
      message: expect.stringContaining("gives the answer away"),
    });
  });

  test("a file that isn't there, lies elsewhere, or is no model; an offer that nobody made", async () => {
    writeFileSync(join(inboxFolder(at.bench.home), "no-model.bin"), "hello");
    for (const [input, code] of [
      [{ file: "gone.json" }, "not_found"],
      [{ file: "../token" }, "denied"],
      [{ file: "no-model.bin" }, "invalid_input"],
      [{ file: "leavers.csv" }, "invalid_input"],
      [{ file: "theirs.json", signature: { inputs: [{ column: "tenure" }] } }, "invalid_input"],
      [{ file: "theirs.json", signature: { ...signature, threshold: 2 } }, "invalid_input"],
    ] as const)
      await expect(offer(input)).rejects.toMatchObject({ code });
    const shown = await at.request();
    const asked = { dataset: pin, target: "gone", outside: "out_nobody" };
    await expect(at.step("define_problem", shown, asked)).rejects.toMatchObject({ code: "not_found" });
  });
});
