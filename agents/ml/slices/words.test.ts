import { expect, test } from "vitest";
import type { FoundSlice } from "./find-slices.ts";
import { conditionWords, sliceWords } from "./words.ts";

const slice: FoundSlice = {
  kind: "missed",
  conditions: [
    { column: "amount", from: "feature", op: "range", low: null, high: 20 },
    { column: "card_past_count_10min", from: "probe", op: "range", low: 3, high: null },
  ],
  ...{ rows: 310, errors: 212, rate: 212 / 310, baseRate: 0.004, expected: 0.021, known: false },
  share: { errors: 212, of: 298, rate: 212 / 298, elsewhere: 0.12 },
  confirmed: {
    ...{ rows: 150, errors: 103, rate: 103 / 150, baseRate: 0.005, pValue: 1e-10, adjusted: 1.2e-9 },
    effect: { value: 0.68, low: 0.6, high: 0.76 },
  },
  probes: [],
};
const said = (column: string) =>
  column === "amount"
    ? { said: "amount", times: 1 }
    : { said: "the number of rows of its card_id in the last 10 minutes (this one counted)", times: 1 };
const fraud = { target: "is_fraud", positive: "1", farOff: null };

test("a slice says where, what share of which rows, against what, and how it was confirmed", () => {
  expect(sliceWords(slice, said, fraud)).toBe(
    "where amount is below 20 and the number of rows of its card_id in the last 10 minutes (this one counted) is at least 3, " +
      "the model misses 71 % of is_fraud = 1 (212 of 298; elsewhere 12 %), 68 % of the 310 rows there, where its own " +
      "probabilities lead to expect 2.1 %; confirmed on rows not used to find it: 69 % of 150 rows against 0.5 % elsewhere " +
      "(p 1e-9 after correction)",
  );
});

test("each kind of error has its own words, both ways", () => {
  const words = (kind: FoundSlice["kind"], told = fraud) => sliceWords({ ...slice, kind }, said, told);
  expect(words("false_alarm")).toContain("says is_fraud = 1 for 71 % of those that aren't (212 of 298");
  expect(words("too_low")).toContain("too sure of a no: on 68 % of the 310 rows there (212; elsewhere 0.4 %)");
  expect(words("too_high")).toContain("too sure of a yes");
  expect(words("wrong")).toContain("is wrong on 71 % of the rows");
  const numbers = { target: "cnt", positive: null, farOff: 92.31 } as unknown as typeof fraud;
  expect(words("too_low", numbers)).toContain("is too low by more than 92.31 on 71 % of the rows");
  expect(sliceWords({ ...slice, known: true }, said, fraud)).toContain("as its own probabilities lead to expect 2.1 %");
});

test("days are told as seconds where moments are", () => {
  const since = { said: "the seconds since the last of the rows of its card_id", times: 86_400 };
  const on = { column: "x", from: "probe" as const };
  expect(conditionWords({ op: "range", ...on, low: null, high: 120 / 86_400 }, since)).toBe(
    `${since.said} is below 120`,
  );
  expect(conditionWords({ op: "missing", ...on }, since)).toBe(`${since.said} is missing`);
  expect(conditionWords({ op: "in", ...on, values: ["a", "b"] }, { said: "plan", times: 1 })).toBe(
    'plan is one of "a", "b"',
  );
});
