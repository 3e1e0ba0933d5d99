import type { Evaluation, RunResult } from "@muster/shared/domain/model.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyOf, type MlBench, output, type Shown, startMl, visitors } from "./trainable.ts";

let at: MlBench;
let pin: string;
let shown: Shown;
beforeAll(async () => {
  at = await startMl();
  pin = await at.load("visitors", visitors(21));
  shown = await at.prepared(pin, { target: "gone" });
}, 120_000);
afterAll(async () => {
  await at?.stop();
});

/** Trains with what is asked for, under a reservation of its own. */
async function train(
  input: Record<string, unknown>,
  from = shown,
  own = copyOf(from),
): Promise<RunResult & { verdict: string }> {
  const problem = await at.value<"problem.defined">(own["problem.defined"]!);
  const { dataset: training } = await at.value<"features.materialized">(own.training!);
  await at.reserve(own, { problem, training });
  return output<RunResult>(await at.step("train_model", own, input));
}

describe("what an asker fixes", () => {
  test("weights, a constraint and prices hold for the model that is kept, and stand in the run", async () => {
    const plain = await train({});
    expect(plain.options).toEqual({ classWeights: null, monotone: {}, costs: null, coverage: null, categories: null });
    const asked = {
      ...{ classWeights: { yes: 3 }, monotone: { tenure: -1 } },
      costs: { falsePositive: 1, falseNegative: 20 },
    };
    const run = await train(asked);
    expect(run.options).toMatchObject({ ...asked, coverage: null, categories: null });
    expect(run.constraints).toContainEqual(
      expect.objectContaining({ feature: "tenure", direction: -1, rows: 200, values: 33 }),
    );
    // A difference that takes tenure away rises as tenure falls.
    expect(run.options!.monotone.spent_less_tenure).toBe(1);
    for (const { worst } of run.constraints!) expect(worst).toBeLessThanOrEqual(1e-6);
    // An answer that is missed costs 20 times a false alarm: nearly all are warned of.
    expect(run.threshold!).toBeLessThan(0.2);
    expect(run.threshold!).toBeLessThan(plain.threshold!);
    expect(run.model).not.toBe(plain.model);
    // The label falls with tenure: the constraint costs next to nothing.
    expect(run.cv.roc_auc!.mean).toBeGreaterThan(plain.cv.roc_auc!.mean - 0.03);
    const wrong = await train({ monotone: { tenure: 1 } });
    expect(wrong.cv.roc_auc!.mean).toBeLessThan(plain.cv.roc_auc!.mean - 0.05);
  }, 120_000);

  test("categories as sets: the linear candidate is left out with its reason, and the graph says what the engine says", async () => {
    const run = await train({ categories: "native" });
    const linear = run.board.find(({ algorithm }) => algorithm === "linear")!;
    expect(linear).toMatchObject({ cv: {}, chosen: false, reason: expect.stringContaining("can't split on sets") });
    expect(run.verdict).toContain("1 left out by what was asked for");
    const chosen = run.board.find(({ chosen }) => chosen)!;
    expect(chosen.parameters.categories).toBe("native");
  }, 60_000);

  test("an interval of the coverage asked for is around an amount, and holds it on rows that were held out", async () => {
    const amounts = await at.prepared(pin, { target: "spent" });
    expect((await train({}, amounts)).interval).toMatchObject({ coverage: 0.9 });
    const trained = copyOf(amounts);
    const run = await train({ coverage: 0.8 }, amounts, trained);
    const { interval } = run;
    expect(interval).toMatchObject({ coverage: 0.8, rows: run.rows });
    expect(interval!.low).toHaveLength(interval!.edges.length + 1);
    for (const [i, low] of interval!.low.entries()) expect(low).toBeLessThan(interval!.high[i]!);
    const { covered, verdict } = output<Evaluation>(await at.step("evaluate_model", trained));
    expect(covered!.coverage).toBe(0.8);
    expect(covered!.low).toBeLessThan(0.86);
    expect(covered!.high).toBeGreaterThan(0.74);
    expect(verdict).toMatch(/intervals of 80.0 % hold \d+\.\d % of the labels/);
  }, 120_000);

  test("what doesn't suit the problem is refused and no model is kept", async () => {
    const refused = async (input: Record<string, unknown>, words: string | RegExp) =>
      expect(train(input)).rejects.toMatchObject({ code: "invalid_input", message: expect.stringMatching(words) });
    await refused({ classWeights: { maybe: 2 } }, /classes that the label hasn't got/);
    await refused({ monotone: { plan: 1 } }, /plan, which is a category/);
    await refused({ monotone: { nowhere: 1 } }, /isn't among the features/);
    await refused({ coverage: 0.9 }, /around a number/);
    await refused({ classWeights: { yes: -1 } }, /classWeights/);
    await refused({ coverage: 2 }, /coverage/);
    await refused({ costs: { falsePositive: 1 } }, /costs/);
    expect((await at.runs()).filter(({ status }) => status === "failed")).toHaveLength(4);
  }, 60_000);
});
