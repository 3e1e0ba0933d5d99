import type { Feature, FeatureView } from "@muster/shared/domain/feature.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { expect, test } from "vitest";
import { checkTrainable } from "./cleared-features.ts";

const related = { table: "payments", key: "who", localKey: "who", time: "at", arrived: null };
const window = (column: string | null, where: string | null): Feature => ({
  ...{ kind: "window", name: "w", aggregate: column ? "sum" : "count", column, days: 30 },
  ...related,
  where: where === null ? null : { column: where, equals: "x" },
});
const view = (feature: Feature): FeatureView => ({
  ...{ hash: "", name: "v", problem: "p", dataset: "flat", entity: null },
  features: [feature],
});
const cleared = (features: string[]): FactValue<"training.cleared"> => ({
  ...{ datasets: [], dropped: [], obligations: [], policies: [] },
  columns: Object.fromEntries(
    features.map((name) => [name, { role: "feature", use: null, reason: "", pii: false } as const]),
  ),
});

test("every column whose values are read must be cleared as a feature, keys and times need not", () => {
  const ratio: Feature = { kind: "ratio", name: "r", numerator: "a", denominator: "b" };
  expect(() => checkTrainable(view(ratio), cleared(["flat.a", "flat.b"]))).not.toThrow();
  expect(() => checkTrainable(view(ratio), cleared(["flat.a"]))).toThrow(/flat\.b/);
  expect(() => checkTrainable(view(window(null, null)), cleared([]))).not.toThrow();
  expect(() => checkTrainable(view(window("amount", null)), cleared([]))).toThrow(/payments\.amount/);
  expect(() => checkTrainable(view(window(null, "kind")), cleared([]))).toThrow(/payments\.kind/);
});
