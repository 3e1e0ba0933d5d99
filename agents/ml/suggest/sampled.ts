import type { Task } from "@muster/shared/domain/problem.ts";
import type { Measured } from "@muster/shared/features/associations.ts";
import type { Coded } from "@muster/shared/stats/mutual-information.ts";
import { argsort } from "@muster/shared/stats/sort.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";

/** Numbers are cut into so many bins of equal frequency, a regression's target into five: as associations do it in SQL. */
const VALUE_BINS = 10;
const TARGET_BINS = 5;

/**
 * A feature on the sampled rows. `coded`: bins of equal frequency, or categories; 0 is missing. `ranks`: of numbers, ties in
 * the middle, NaN where missing; null for a category. `values`: the numbers themselves.
 */
export type SampledColumn = {
  name: string;
  coded: Coded;
  missing: number;
  distinct: number;
  ranks: Float64Array | null;
  values: Float64Array | null;
};

/** The target on the sampled rows: its classes, or of an amount five bins of equal frequency; `ranks` of an amount. */
export type SampledTarget = { coded: Coded; ranks: Float64Array | null; task: Task };

/** Average ranks from 1 of the values that are there, NaN for the others, and how many stand before each value's first. */
function ranked(values: Float64Array): { ranks: Float64Array; first: Float64Array; known: number; distinct: number } {
  const order = argsort(values);
  const known = values.reduce((sum, value) => sum + Number(!Number.isNaN(value)), 0);
  const ranks = new Float64Array(values.length).fill(Number.NaN);
  const first = new Float64Array(values.length);
  let distinct = 0;
  for (let from = 0; from < known; ) {
    let to = from;
    while (to < known && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) {
      ranks[order[i]!] = (from + 1 + to) / 2;
      first[order[i]!] = from;
    }
    distinct++;
    from = to;
  }
  return { ranks, first, known, distinct };
}

/** A numeric column from its values; null and NaN are missing. */
export function numberColumn(name: string, cells: readonly unknown[]): SampledColumn {
  const values = Float64Array.from(cells, (cell) => (cell === null || cell === undefined ? Number.NaN : Number(cell)));
  const { ranks, first, known, distinct } = ranked(values);
  const codes = Int32Array.from(ranks, (rank, i) =>
    Number.isNaN(rank) ? 0 : 1 + Math.floor((first[i]! * VALUE_BINS) / known),
  );
  const missing = values.length - known;
  return { name, coded: { codes, count: VALUE_BINS + 1 }, missing, distinct, ranks, values };
}

/** A column of categories from its values; null is missing. */
export function categoryColumn(name: string, cells: readonly unknown[]): SampledColumn {
  const known = new Map<unknown, number>();
  let missing = 0;
  const codes = Int32Array.from(cells, (cell) => {
    if (cell === null || cell === undefined) {
      missing++;
      return 0;
    }
    const code = known.get(cell) ?? known.size + 1;
    known.set(cell, code);
    return code;
  });
  return { name, coded: { codes, count: known.size + 1 }, missing, distinct: known.size, ranks: null, values: null };
}

/** The target from its labels; classes in the order of their text. */
export function targetColumn(task: Task, labels: readonly unknown[]): SampledTarget {
  if (task === "regression") {
    const { ranks, first, known } = ranked(Float64Array.from(labels, Number));
    const codes = Int32Array.from(first, (before) => Math.floor((before * TARGET_BINS) / known));
    return { task, coded: { codes, count: TARGET_BINS }, ranks };
  }
  const classes = [...new Set(labels.map(String))].sort();
  const place = new Map(classes.map((label, i) => [label, i]));
  const codes = Int32Array.from(labels, (label) => place.get(String(label))!);
  return { task, coded: { codes, count: Math.max(1, classes.length) }, ranks: null };
}

/** The sampled rows. `cutoffs`: microseconds since 1970, NaN where a row has none. */
export type Sample = { columns: SampledColumn[]; target: SampledTarget; cutoffs: Float64Array };

/**
 * Reads the rows on which associations are measured of a matrix relation: at most `most` labelled ones, chosen by the hash of
 * their entity, in the same order each time.
 */
export async function readSample(
  reader: Reader,
  matrix: string,
  measured: readonly Measured[],
  task: Task,
  most: number,
): Promise<Sample> {
  const picked = measured.map(({ name }, i) => `${quoteIdent(name)} AS f${i}`);
  const rows = await reader.query(
    `SELECT __label, CAST(epoch_us(__cutoff) AS DOUBLE) AS __at, ${picked.join(", ")} FROM ${quoteIdent(matrix)} WHERE __label IS NOT NULL
     ORDER BY sha256('associations:' || __entity), __row LIMIT ${most}`,
  );
  const columns = measured.map(({ name, type }, i) => {
    const cells = rows.map((row) => row[`f${i}`]);
    return type === "number" ? numberColumn(name, cells) : categoryColumn(name, cells);
  });
  const target = targetColumn(
    task,
    rows.map((row) => row.__label),
  );
  const cutoffs = Float64Array.from(rows, (row) => (row.__at === null ? Number.NaN : Number(row.__at)));
  return { columns, target, cutoffs };
}
