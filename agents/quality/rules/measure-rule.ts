import type { Rule } from "@muster/shared/domain/expectation.ts";
import { aggregateMeasure } from "./aggregates.ts";
import { impossible, type Measure, type Measured } from "./measure.ts";
import { rowMeasure } from "./rows.ts";
import { tableMeasure } from "./table.ts";
import { valueMeasure } from "./values.ts";

/** How a rule is measured on a relation. */
export function measureOf(rule: Rule, on: Measured): Measure {
  return (
    tableMeasure(rule, on) ??
    rowMeasure(rule, on) ??
    valueMeasure(rule, on) ??
    aggregateMeasure(rule, on) ??
    impossible("nothing measures this kind")
  );
}
