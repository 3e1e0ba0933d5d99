import type { Feature } from "@muster/shared/domain/feature.ts";
import { type ColumnMap, type Reason, topReasons } from "../explain.ts";
import type { FittedModel } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import type { Contributions } from "../tree-shap.ts";
import { rawColumnsOf } from "./raw-columns.ts";

type Typical = Record<string, number | string | null>;
/** A raw column (or those of a ratio): the design columns that come from it, and the feature whose value is shown for it. */
type Grouping = { map: ColumnMap; shown: Map<string, string> };

/** Which design columns belong to which raw column, and the feature shown for it: the plain one, else the first. */
function groupingOf(model: FittedModel, features: readonly Feature[]): Grouping {
  const byName = new Map(features.map((feature) => [feature.name, feature]));
  const columnsOf: Record<string, string[]> = {};
  const shown = new Map<string, string>();
  const groupOf = (name: string): string => {
    const feature = byName.get(name);
    const columns = feature ? rawColumnsOf(feature) : [name];
    const group = columns.join(" and ");
    columnsOf[group] = columns;
    if (!shown.has(group) || feature?.kind === "column" || feature?.kind === "lookup") shown.set(group, name);
    return group;
  };
  return {
    map: { featureOf: model.encoding.map(({ input }) => groupOf(model.inputs[input]!.name)), columnsOf },
    shown,
  };
}

/**
 * The strongest reasons of each row (at most `top`), summed to the raw column, strongest first. `output` picks whose margin
 * is explained: that of the row's served class, or the only one there is.
 */
export function rowReasons(
  model: FittedModel,
  features: readonly Feature[],
  typical: Typical,
  top?: number,
): (outputs: Contributions[], rows: FeatureColumn[], output: (row: number) => number) => Reason[][] {
  const { map, shown } = groupingOf(model, features);
  const groups = [...shown.keys()];
  const typicalOf = Object.fromEntries(groups.map((group) => [group, typical[shown.get(group)!] ?? null]));
  return (outputs, rows, output) => {
    const columns = groups.map((group): FeatureColumn => {
      const column = rows.find(({ name }) => name === shown.get(group))!;
      return { ...column, name: group };
    });
    const all = outputs.map((one) => topReasons(one, map, columns, typicalOf, top));
    const named = (reason: Reason): Reason => ({ ...reason, feature: shown.get(reason.feature)! });
    return Array.from({ length: outputs[0]?.rows ?? 0 }, (_, row) => all[output(row)]![row]!.map(named));
  };
}

const shownValue = (value: number | string | null): string =>
  value === null ? "missing" : typeof value === "number" ? String(Number(value.toPrecision(4))) : value.slice(0, 60);

/** A reason in words: an association in what the model learned, never a cause. `of` is what goes up or down. */
export const reasonText = ({ feature, value, typical, direction }: Reason, of: "score" | "value"): string =>
  `${feature} = ${shownValue(value)} (typical ${shownValue(typical)}), associated with a ${direction} ${of}`;
