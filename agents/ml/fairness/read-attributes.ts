import { type DatasetManifest, type DatasetPin, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { hasNoOwnRow } from "@muster/shared/features/label-rule.ts";
import { labelRows } from "@muster/shared/features/labels.ts";
import { columnOf, type Relation } from "@muster/shared/features/schema.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { quoteIdent, quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import type { Attribute } from "./attributes.ts";

/** Where attributes are read from: the pinned tables of a clearance. */
export type AttributeSource = {
  lake: Lake;
  threads: number;
  problem: Problem;
  cleared: FactValue<"training.cleared">;
  manifests: ReadonlyMap<string, DatasetManifest>;
};

/** The values of each attribute by row of a matrix, as text; null where it has none. `moments`: the rows' cutoffs in ms. */
export type AttributeValues = { values: (string | null)[][]; moments: (number | null)[] };

/** The label's table with the columns that name its rows as they were when the matrix was written; the rest beside. */
function labelTable({ problem, cleared, manifests }: AttributeSource): { pin: DatasetPin; relation: Relation } {
  const pin = cleared.datasets.find((one) => parseDatasetRef(one).name === problem.dataset)!;
  const { columns } = manifests.get(pin)!;
  const named = columns.filter(({ name }) => {
    const entry = cleared.columns[`${problem.dataset}.${name}`];
    return entry !== undefined && (entry.role === "feature" || entry.role === "key" || entry.use !== null);
  });
  const beside = columns.filter((column) => !named.includes(column));
  return { pin, relation: { relation: problem.dataset, columns: named, beside } };
}

const text = (column: string) => `CAST(${quoteIdent(column)} AS VARCHAR)`;
const placeOf = (entity: unknown, cutoff: unknown): string => `${String(entity)}|${String(cutoff ?? "")}`;

/**
 * Reads the attributes for the rows of a materialized matrix (training or hold-out), in the order of `__row`: each row is
 * found again in the label's table by entity and cutoff. Of the hold-out nothing else is read: no label, no feature.
 */
export async function readAttributes(
  source: AttributeSource,
  attributes: readonly Attribute[],
  matrix: { pin: DatasetPin; split: "training" | "holdout" },
): Promise<AttributeValues> {
  const { lake, threads, problem } = source;
  const places = await withPins(lake, [matrix.pin], { threads }, (engine) =>
    engine.query<{ entity: string; cutoff: string | null }>(
      `SELECT __entity AS entity, CAST(__cutoff AS VARCHAR) AS cutoff FROM ${quoteIdent(parseDatasetRef(matrix.pin).name)} ORDER BY __row`,
    ),
  );
  const own = [...new Set(attributes.map(({ column, by }) => by?.own ?? column))];
  const ownValues = hasNoOwnRow(problem.label)
    ? () => places.map(({ entity }) => entity)
    : await ownReader(source, own, places, matrix.split);
  const values: (string | null)[][] = [];
  for (const attribute of attributes) {
    const of = ownValues(attribute.by?.own ?? attribute.column);
    if (attribute.by === null) values.push(of);
    else {
      const other = await related(source, attribute);
      values.push(of.map((key) => (key === null ? null : (other.get(key) ?? null))));
    }
  }
  // A flat table without times has no cutoffs; the data's own now stands for them.
  const now = problem.now === null ? null : Date.parse(problem.now);
  const moments = places.map(({ cutoff }) => (cutoff === null ? now : Date.parse(`${cutoff.replace(" ", "T")}Z`)));
  return { values, moments };
}

/** The values of an attribute of another table by the key that names its rows. */
async function related({ lake, threads }: AttributeSource, { pin, column, by }: Attribute) {
  const rows = await withPins(lake, [pin], { threads }, (engine) =>
    engine.query<{ key: string; value: string | null }>(
      `SELECT ${text(by!.key)} AS key, ${text(column)} AS value FROM ${quoteIdent(parseDatasetRef(pin).name)} WHERE ${quoteIdent(by!.key)} IS NOT NULL`,
    ),
  );
  return new Map(rows.map(({ key, value }) => [key, value]));
}

/** The rows' own columns by name: each row of a matrix found again among the labelled rows. */
async function ownReader(
  source: AttributeSource,
  own: readonly string[],
  places: readonly { entity: string; cutoff: string | null }[],
  split: "training" | "holdout",
): Promise<(name: string) => (string | null)[]> {
  const { lake, threads, problem } = source;
  const { pin, relation } = labelTable(source);
  for (const name of own) columnOf(relation, name);
  const read = own.map((name, i) => `${text(name)} AS c${i}`).join(", ");
  const rows = await withPins(lake, [pin], { threads, memoryMb: 2048 }, (engine) =>
    engine.query<Record<string, string | null>>(
      `SELECT __entity AS entity, CAST(__cutoff AS VARCHAR) AS cutoff, ${read} FROM (${labelRows(engine.dialect, problem, relation, own)}) AS labelled WHERE __split = ${quoteLiteral(split)}`,
    ),
  );
  const byPlace = new Map(rows.map((row) => [placeOf(row.entity, row.cutoff), row]));
  const found = places.map(({ entity, cutoff }) => byPlace.get(placeOf(entity, cutoff)) ?? null);
  return (name) => found.map((row) => row?.[`c${own.indexOf(name)}`] ?? null);
}
