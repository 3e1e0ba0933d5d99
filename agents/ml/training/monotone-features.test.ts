import type { Feature } from "@muster/shared/domain/feature.ts";
import { expect, test } from "vitest";
import { monotoneFeatures } from "./monotone-features.ts";

const features: Feature[] = [
  { kind: "column", name: "price", column: "price", type: "number" },
  { kind: "log", name: "log_price", column: "price" },
  { kind: "ratio", name: "price_per_day", numerator: "price", denominator: "days" },
  { kind: "difference", name: "left_over", left: "budget", right: "price" },
  { kind: "is_missing", name: "no_price", column: "price" },
  { kind: "age_days", name: "age", column: "born", at: null },
  { kind: "column", name: "days", column: "days", type: "integer" },
];
const view = { dataset: "orders", features };

test("a raw column's constraint holds for what follows it; what mixes it in is left out", () => {
  const { monotone, left } = monotoneFeatures({ price: 1, born: 1 }, view);
  expect(monotone).toEqual({ price: 1, log_price: 1, left_over: -1, age: -1 });
  expect(left).toEqual([{ name: "price_per_day", reason: expect.stringContaining("mixes in price"), number: null }]);
});

test("a feature named itself is constrained alone, and an unknown name is passed on to be refused", () => {
  expect(monotoneFeatures({ price_per_day: -1, nowhere: 1 }, view)).toEqual({
    monotone: { price_per_day: -1, nowhere: 1 },
    left: [],
  });
});
