import type { ErrorSlices, Slice } from "@muster/shared/domain/slice.ts";
import { expect, test } from "vitest";
import { composeAnswer } from "./answer.ts";
import { inputFor } from "./testing.ts";

const slice: Slice = {
  kind: "missed",
  conditions: [{ column: "tenure", from: "feature", op: "range", low: null, high: 6 }],
  ...{ rows: 400, errors: 120, rate: 0.3, baseRate: 0.1, expected: 0.12, known: false },
  share: { errors: 120, of: 160, rate: 0.75, elsewhere: 0.2 },
  confirmed: {
    ...{ rows: 200, errors: 58, rate: 0.29, baseRate: 0.1, pValue: 1e-9, adjusted: 2e-9 },
    effect: { value: 0.19, low: 0.13, high: 0.25 },
  },
  words: "where tenure is below 6, the model misses 75 % of Churn = Yes (120 of 160; elsewhere 20 %)",
  probes: [],
};
const found: ErrorSlices = {
  ...{ run: "run_1", model: "m", slices: [slice], hard: [], rows: 5000, errors: 600, farOff: null, tested: 3 },
  searched: { features: 19, columns: 2, probes: 0 },
  leftOut: [{ name: "email", reason: "customers.email is personal data" }],
  split: { by: "row", discovery: 2500, confirmation: 2500 },
  seed: 7,
};
const answer = (value: ErrorSlices) => composeAnswer(inputFor("slices", { "slices.found": value }));

test("each slice is said in its own words, and where it was looked for", () => {
  const { text, output } = answer(found);
  expect(text).toContain("Out of fold the model is wrong on 600 of 5000 rows.");
  expect(text).toContain("Where tenure is below 6, the model misses 75 % of Churn = Yes");
  expect(text).toContain("19 features, 2 columns that the model doesn't read and 0 probes");
  expect(text).toContain("Not looked at: email");
  expect(output).toEqual(found);
});

test("where nothing was confirmed, that is said and not left out", () => {
  expect(answer({ ...found, slices: [], hard: [{ ...slice, known: true }] }).text).toMatch(
    /No slice could be confirmed[\s\S]*Hard, and known to be so: where tenure/,
  );
  const few = answer({ ...found, slices: [], errors: 12, tested: 0 }).text;
  expect(few).toContain("too few to confirm where");
  expect(few).not.toContain("Looked for");
});
