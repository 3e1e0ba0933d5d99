import { fault } from "@muster/shared/fault.ts";
import { evaluateRow } from "@muster/shared/features/evaluate.ts";
import { isOwnRow, type OwnRowFeature, ownColumns, valueType } from "@muster/shared/features/kinds.ts";
import type { RawValue } from "@muster/shared/features/raw.ts";
import type { FeatureColumn } from "../matrix.ts";
import type { AtRequest } from "./online-lookup.ts";
import type { FeatureValue, Found, ServedModel } from "./served-model.ts";
import { listed, type RawTable } from "./table.ts";

type GraphInput = { name: string; type: "number" | "category" };

/** How each input of the graph gets its value: from the raw row, a place of the looked-up row, or the events of its keys. */
export type FeaturePlan = readonly PlannedFeature[];
type PlannedFeature = GraphInput & { from: { feature: OwnRowFeature } | { place: number } | { online: string } };

/** Matches the graph's inputs with the view's features. `broken_contract` names what the deployment lacks. */
export function featurePlan(served: ServedModel, inputs: readonly GraphInput[]): FeaturePlan {
  const features = new Map(served.features.map((feature) => [feature.name, feature]));
  const columns = new Set(served.input.columns.map(({ name }) => name));
  const lacking: string[] = [];
  const plan = inputs.flatMap((input): PlannedFeature[] => {
    const feature = features.get(input.name);
    const place = served.lookup?.names.indexOf(input.name) ?? -1;
    if (feature && valueType(feature) === input.type) {
      if (served.online?.names.has(input.name)) return [{ ...input, from: { online: input.name } }];
      if (!isOwnRow(feature)) {
        if (place >= 0 && served.input.entity !== null) return [{ ...input, from: { place } }];
      } else if (ownColumns(feature).every((name) => columns.has(name))) return [{ ...input, from: { feature } }];
    }
    lacking.push(input.name);
    return [];
  });
  if (lacking.length > 0) {
    throw fault("broken_contract", `model ${served.name} can't be served: nothing gives its ${listed(lacking)}`);
  }
  return plan;
}

/** Empty feature columns for `rows` rows, to be filled by `fillFeatures`. */
export const emptyColumns = (plan: FeaturePlan, rows: number): FeatureColumn[] =>
  plan.map(({ name, type }) =>
    type === "number"
      ? { name, type, values: new Float64Array(rows) }
      : { name, type, values: new Array<string>(rows).fill("") },
  );

/** Computes rows [start, end) of every feature: own-row ones at the row's cutoff `at` (null: none), the others from `found` and `online`. */
export function fillFeatures(
  plan: FeaturePlan,
  into: FeatureColumn[],
  {
    table,
    found,
    online,
    at,
    start,
    end,
  }: {
    table: RawTable;
    found: readonly Found[] | null;
    online: AtRequest | null;
    at: (row: number) => Date | null;
    start: number;
    end: number;
  },
): void {
  const names = [...table.columns.keys()];
  const values = [...table.columns.values()];
  for (let row = start; row < end; row++) {
    const raw: Record<string, RawValue> = {};
    for (let c = 0; c < names.length; c++) raw[names[c]!] = values[c]![row]!;
    const cutoff = at(row);
    for (let f = 0; f < plan.length; f++) {
      const { from, name } = plan[f]!;
      const value =
        "place" in from
          ? found![row]![from.place]!
          : "online" in from
            ? online!.values.get(from.online)![row]!
            : evaluateRow(from.feature, raw, cutoff);
      put(into[f]!, row, value, name);
    }
  }
}

function put(column: FeatureColumn, row: number, value: FeatureValue, name: string): void {
  if (column.type === "number") {
    if (typeof value === "string")
      throw fault("broken_contract", `feature ${name} gave text where the model reads a number`);
    column.values[row] = value ?? Number.NaN;
  } else column.values[row] = value === null ? "" : String(value);
}
