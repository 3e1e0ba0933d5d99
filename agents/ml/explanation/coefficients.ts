import type { Coefficient } from "@muster/shared/domain/model-explanation.ts";
import type { EncodedColumn, FittedModel } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import { membersOf } from "../members.ts";

const most = 100;
const fewestRows = 20;
const kinds = {
  number: "number",
  one_hot: "category",
  ordinal: "number",
  missing: "missing",
  target: "category mean",
} as const;

/**
 * The largest terms of a linear model by absolute coefficient, at most 100, of an ensemble those of its linear member times
 * its weight; empty for other kinds. Of a number per standard
 * deviation (`perUnit` in the column's own unit), of one category against the others, of a missing value, or of the
 * category's mean label. `rows` say which categories are common enough (20 rows) to be named.
 */
export function coefficientsOf(model: FittedModel, rows: readonly FeatureColumn[]): Coefficient[] {
  return membersOf(model)
    .flatMap((member) => termsOf(member, rows))
    .sort((a, b) => Math.abs(b.coefficient) - Math.abs(a.coefficient) || (a.feature < b.feature ? -1 : 1))
    .slice(0, most);
}

function termsOf(
  { weight, model }: ReturnType<typeof membersOf>[number],
  rows: readonly FeatureColumn[],
): Coefficient[] {
  const { estimator, encoding, inputs, classes } = model;
  if (estimator.kind !== "linear") return [];
  const single = estimator.coefficients.length === 1;
  return estimator.coefficients.flatMap((coefficients, k) =>
    encoding.map((column, c): Coefficient => {
      const feature = inputs[column.input]!.name;
      const coefficient = weight * coefficients[c]!;
      return {
        ...{ feature, of: kinds[column.op], coefficient },
        category: categoryOf(
          column,
          rows.find(({ name }) => name === feature),
        ),
        output: single ? null : classes[k]!,
        perUnit: column.op === "number" ? coefficient / column.scale : null,
      };
    }),
  );
}

function categoryOf(column: EncodedColumn, rows: FeatureColumn | undefined): string | null {
  if (column.op !== "one_hot" || rows?.type !== "category") return null;
  return rows.values.filter((value) => value === column.category).length >= fewestRows ? column.category : null;
}
