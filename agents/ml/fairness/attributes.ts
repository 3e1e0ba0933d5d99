import { type ColumnType, type DatasetManifest, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { hasNoOwnRow } from "@muster/shared/features/label-rule.ts";

/**
 * A protected attribute that results may be compared by. `by`: how a row of the label's table finds it: null for a column
 * of its own, else the own column whose value is the unique `key` of the attribute's table.
 */
export type Attribute = {
  name: string;
  pin: string;
  column: string;
  type: ColumnType;
  by: { own: string; key: string } | null;
  leastRows: number;
};

/** An attribute that can't be compared, and why. */
export type Uncompared = { attribute: string; reason: string };

const isDate = (type: ColumnType): boolean => type === "date" || type === "timestamp";

/** The join by which each row of the label's table finds at most one row of another; null without one. */
function uniqueJoin({ joins }: FactValue<"scope.pinned">, own: string, other: string) {
  for (const { left, right, leftUnique, rightUnique } of joins) {
    if (left.dataset === own && right.dataset === other && rightUnique) return { own: left.column, key: right.column };
    if (right.dataset === own && left.dataset === other && leftUnique) return { own: right.column, key: left.column };
  }
  return null;
}

/**
 * The protected attributes of a clearance, and those of them that can't be compared: values that are personal data aren't
 * told as groups (a date becomes age bands), and a table of several rows for one has no one value for it.
 */
export function attributesOf(
  problem: Pick<Problem, "dataset"> & Partial<Pick<Problem, "label" | "entity">>,
  scope: FactValue<"scope.pinned">,
  cleared: FactValue<"training.cleared">,
  manifests: ReadonlyMap<string, DatasetManifest>,
): { attributes: Attribute[]; uncompared: Uncompared[] } {
  const attributes: Attribute[] = [];
  const ofEvents = problem.label !== undefined && hasNoOwnRow(problem.label);
  const uncompared: Uncompared[] = [];
  for (const pin of cleared.datasets) {
    const { name: dataset } = parseDatasetRef(pin);
    for (const { name: column, type } of manifests.get(pin)?.columns ?? []) {
      const name = `${dataset}.${column}`;
      const entry = cleared.columns[name];
      const leastRows = entry?.compared ?? null;
      if (!entry || leastRows === null) continue;
      const no = (reason: string) => void uncompared.push({ attribute: name, reason });
      if (entry.pii && !isDate(type)) {
        no("its values are personal data and aren't told as groups");
        continue;
      }
      if (dataset === problem.dataset && ofEvents) {
        no(`it is of one event of ${dataset}, and a row stands for one ${problem.entity}`);
        continue;
      }
      if (dataset === problem.dataset) {
        attributes.push({ name, pin, column, type, by: null, leastRows });
        continue;
      }
      const by = uniqueJoin(scope, problem.dataset, dataset);
      if (by === null || (ofEvents && by.own !== problem.entity))
        no(`no join gives a row of ${problem.dataset} one row of ${dataset}`);
      else attributes.push({ name, pin, column, type, by, leastRows });
    }
  }
  return { attributes, uncompared };
}
