import type { Contender, PairedLift, TriedRound } from "@muster/shared/domain/improvement.ts";
import { Answer } from "@muster/shared/domain/request.ts";
import { describe, expect, it } from "vitest";
import { composeAnswer, type Facts } from "./answer.ts";
import { strayFigures } from "./figures.ts";
import { eventFacts, inputFor } from "./testing.ts";

const hash = (letter: string) => letter.repeat(64);
const contender = (letter: string): Contender => ({
  ...{ run: `run_${letter}`, model: hash(letter), view: hash(letter), training: `t@${hash(letter)}` },
  ...{ algorithm: "xgboost", threshold: 0.3, inputs: [], settings: ["linear"], skipped: [], cpuSeconds: 9.5 },
  artifacts: { onnx: hash(letter), fitted: hash("1"), oof: hash("2") },
});
const tried = (better: boolean, mean: number): TriedRound => ({
  ...{ round: 1, view: hash("c"), against: hash("b"), better, unequal: null, cpuSeconds: 9.5 },
  features: ["count_10min", "count_1h", "sum_1h", "amount_range", "count_1d"].map((name) => ({
    feature: { kind: "log", name, column: "amount" },
    because: "among payments with 4 or more in 10 minutes 80 % of frauds are missed",
  })),
  difference: { metric: "roc_auc", against: 0.7123, challenger: 0.7123 + mean, mean, se: 0.0081, folds: [mean, mean] },
});
const figure = (base: number, lift: number, spread: number) => ({
  ...{ base, challenger: base + lift },
  lift: { value: lift, low: lift - spread, high: lift + spread },
});
const lift = (value: number, above: boolean, more: Partial<PairedLift> = {}): PairedLift => ({
  ...{ base: hash("b"), challenger: hash("c"), metric: "roc_auc", above, rows: 1234, by: "time", clusters: 61 },
  ...{ repetitions: 1000, seed: 7, sliceNote: null },
  overall: {
    roc_auc: figure(0.7, value, 0.02),
    precision: figure(0.31, value / 2, 0.05),
    recall: figure(0.5, -0.02, 0.1),
  },
  slice: { words: "4 or more in 10 minutes", rows: 87, figures: { recall: figure(0.2, value, 0.04) } },
  ...more,
});
const proposed = (why: string): Facts => ({
  "improvement.proposed": {
    ...{ round: 2, rounds: 2, features: [], view: null, base: contender("b"), against: contender("b"), slice: null },
    ...{ tried: [], leftOut: [], why },
  },
});
const compared = (...rounds: TriedRound[]): Facts => ({
  "improvement.compared": {
    ...{ round: 1, rounds: 2, base: contender("b"), challenger: contender("c"), slice: null, tried: rounds },
    ...{ best: rounds.some(({ better }) => better) ? contender("c") : null, stop: null },
  },
});
const confirmed = (one: PairedLift, look = 2): Facts => ({
  "improvement.confirmed": { round: 1, lift: one, look, kept: one.above && look < 4, tried: [tried(true, 0.05)] },
});
const answered = (facts: Facts) => {
  const answer = composeAnswer(inputFor("improve", { "problem.defined": eventFacts()["problem.defined"]!, ...facts }));
  expect(Answer.parse(answer)).toEqual(answer);
  expect(strayFigures(answer.text, answer)).toEqual([]);
  expect(answer.text.split("\n").every((line) => line === "" || /\[s\w+\]$/.test(line))).toBe(true);
  return answer;
};

describe("the answer to a wish for a better model", () => {
  it("tells what was tried and why, the confirmed lift with its interval and look, and the model that is kept", () => {
    const { text, improvement, model } = answered({
      ...eventFacts(),
      ...compared(tried(true, 0.05)),
      ...confirmed(lift(0.06, true)),
    });
    expect(text).toContain("Round 1 tried count_10min, count_1h, sum_1h, amount_range and others; what pointed there:");
    expect(text).toContain(
      "Out of fold it reaches roc_auc 0.762 where the model before reaches 0.712, better by 0.050 ± 0.008",
    );
    expect(text).toContain("Confirmed once on the 1234 rows of the sealed hold-out, look 2 at it");
    expect(text).toContain(
      "61 blocks of time: lift in roc_auc 0.060 (95 % interval 0.040 to 0.080), from 0.700 to 0.760.",
    );
    expect(text).toContain("recall -0.020 (95 % interval -0.120 to 0.080)");
    expect(text).toContain("On the slice (4 or more in 10 minutes), 87 of these rows: recall 0.060");
    expect(text).toContain("The interval lies above zero: the challenger is kept.");
    expect(text).toContain("The model churn, version 3, is boosted trees");
    expect(improvement).toMatchObject({ kept: true, look: 2, why: null });
    expect(model?.version).toBe(3);
  });

  it("says no lift with its number where the hold-out doesn't confirm it; no model is told of", () => {
    const { text, improvement, model } = answered({
      ...eventFacts(),
      ...compared(tried(true, 0.05)),
      ...confirmed(lift(0.01, false, { slice: null, sliceNote: "no slice of errors was found" })),
    });
    expect(text).toContain("lift in roc_auc 0.010 (95 % interval -0.010 to 0.030)");
    expect(text).toContain("No lift: the interval doesn't lie above zero, so the challenger is dropped");
    expect(text).toContain("On the slice it isn't told: no slice of errors was found");
    expect(text).not.toContain("version 3");
    expect([model, improvement?.kept]).toEqual([undefined, false]);
  });

  it("keeps nothing on rows that were looked at too often, though the lift is there", () => {
    const { text, improvement } = answered({ ...compared(tried(true, 0.05)), ...confirmed(lift(0.06, true), 4) });
    expect(text).toContain("look 4 at it");
    expect(text).toContain("promotion wants fresh data, so the challenger is dropped");
    expect(improvement?.kept).toBe(false);
  });

  it("says no lift with the number out of fold where the hold-out stayed sealed", () => {
    const { text, improvement } = answered({ ...compared(tried(false, 0.002)), ...proposed("all was tried") });
    expect(text).toContain("better by 0.002 ± 0.008: not more than its noise");
    expect(text).toContain("Nothing more was proposed: all was tried.");
    expect(text).toContain("No lift: nothing that was tried is better out of fold");
    expect(improvement).toMatchObject({ kept: false, lift: null, look: null, why: "all was tried" });
  });

  it("says what a language model proposed, what of it is kept or dropped with which number, and why the rest wasn't tried", () => {
    const mine = {
      feature: { kind: "log" as const, name: "amount_log", column: "amount" },
      because: "a slice",
      by: "m",
    };
    const thought = {
      ...{ round: 1, model: "m", proposed: 2, tried: ["amount_log"], why: null },
      leftOut: [{ name: "told", reason: "payments.fraud isn't cleared to be read", by: "m" }],
    };
    const round = (better: boolean): TriedRound => ({ ...tried(better, 0.05), features: [mine], thought });
    const said =
      "The language model m proposed amount_log of these; of what it proposed isn't tried: told (payments.fraud isn't cleared to be read).";
    const kept = answered({ ...eventFacts(), ...compared(round(true)), ...confirmed(lift(0.06, true)) });
    expect(kept.text).toContain(said);
    expect(kept.text).toContain("the challenger is kept, with amount_log that the language model m proposed.");
    expect(kept.improvement!.thoughts).toEqual([thought]);
    const dropped = answered(compared(round(false)));
    expect(dropped.text).toMatch(/Round 1 tried amount_log; .*\n.*better by 0\.050 .*not more than its noise/);
    expect(dropped.text).toContain(said);
    const failed = { ...thought, round: 2, proposed: 0, tried: [], leftOut: [], why: "it didn't answer in time" };
    const ended = proposed("all was tried");
    ended["improvement.proposed"] = { ...ended["improvement.proposed"]!, thought: failed };
    const none = answered({ ...compared(round(false)), ...ended });
    expect(none.text).toContain("The language model m proposed nothing: it didn't answer in time.");
    expect(none.improvement!.thoughts).toEqual([thought, failed]);
    expect(answered(compared(tried(false, 0.002))).improvement).not.toHaveProperty("thoughts");
  });

  it("takes what an earlier request confirmed for where it began, not for what it came to", () => {
    const facts = { ...eventFacts(), ...compared(tried(false, 0.002)), ...confirmed(lift(0.06, true)) };
    const answer = composeAnswer(inputFor("improve", facts, { requests: { "improvement.confirmed": "req_before" } }));
    expect(answer.improvement).toMatchObject({ kept: false, lift: null, look: null });
    expect(answer.text).not.toContain("Confirmed once");
  });

  it("is the same where the tool was called by its name, with its output beside it", () => {
    const facts = {
      "problem.defined": eventFacts()["problem.defined"]!,
      ...compared(tried(false, 0.002)),
      ...proposed(""),
    };
    const answer = composeAnswer(inputFor("call", facts, { output: { round: 1 } }));
    expect(answer).toMatchObject({ output: { round: 1 }, improvement: { kept: false } });
    expect(answer.text).toContain("No lift");
  });

  it("says so where nothing could be tried, or the two sides weren't given the same", () => {
    expect(answered(proposed("no slice was confirmed")).text).toContain("No lift: nothing was tried");
    const apart = { ...tried(false, 0.2), unequal: "their budgets weren't equal: linear finished on one side only" };
    expect(answered(compared(apart)).text).toContain("better by 0.200 ± 0.008: their budgets weren't equal");
  });
});
