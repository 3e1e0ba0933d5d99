import type { Feature } from "@muster/shared/domain/feature.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import {
  isOwnRow,
  isRelated,
  ownColumns,
  readsLabels,
  relatedColumns,
  relatedValues,
} from "@muster/shared/features/kinds.ts";

/** What proposals are held to beforehand: the clearance, and the columns that tell the target (`dataset.column`). */
export type Held = { cleared: FactValue<"training.cleared">; refused: ReadonlyMap<string, { reason: string }> };

/**
 * Why a feature can't be proposed: it reads a column that isn't there, isn't cleared or tells the target; null where the
 * gates have nothing against what it reads. What the values show is the gates' own matter.
 */
export function whyNotUsed(feature: Feature, dataset: string, { cleared, refused }: Held): string | null {
  const own = ownColumns(feature).map((column) => `${dataset}.${column}`);
  const named = (columns: readonly string[]) =>
    isRelated(feature) ? columns.map((one) => `${feature.table}.${one}`) : [];
  const learned =
    isOwnRow(feature) || readsLabels(feature) ? own : named(isRelated(feature) ? relatedValues(feature) : []);
  const read = [...own, ...named(isRelated(feature) ? relatedColumns(feature) : [])];
  const { columns } = cleared;
  const unknown = read.find((name) => columns[name] === undefined || !mayBeRead(columns[name]));
  if (unknown !== undefined) return `${unknown} isn't cleared to be read`;
  const telling = learned.find((name) => refused.has(name));
  if (telling !== undefined) return `${telling} tells the target: ${refused.get(telling)!.reason}`;
  const unlearned = learned.find((name) => columns[name]!.role !== "feature");
  return unlearned === undefined || feature.kind === "label_rate"
    ? null
    : `${unlearned} isn't cleared to be learned from`;
}

const mayBeRead = ({ role, use }: Held["cleared"]["columns"][string]): boolean =>
  role === "feature" || role === "key" || use === "time";
