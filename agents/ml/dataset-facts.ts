import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import type { ClassCount } from "@muster/shared/features/enough.ts";
import { qualified, TEMPORAL } from "@muster/shared/features/schema.ts";
import type { Asked } from "@muster/shared/features/timing/filled-later.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";

/**
 * What a prediction problem is defined against, measured on one dataset version.
 * `timeRange`: ISO moments per date and timestamp column, null where it holds none. `distinct`, `missing`: per column.
 * `classes`: of the target, most frequent first, null where it has more than 200 distinct values or none was named.
 */
export type DatasetFacts = {
  manifest: Pick<DatasetManifest, "name" | "rows" | "columns" | "time" | "arrived">;
  timeRange: Record<string, { min: string; max: string } | null>;
  distinct: Record<string, number>;
  missing: Record<string, number>;
  classes: ClassCount[] | null;
};

/** Above this many distinct values, a target's values aren't listed as classes. */
export const MOST_CLASSES = 200;

/** Measures the facts of a dataset version in one scan, and one more for the classes of `target`. */
export async function measureFacts(
  { query, dialect }: Asked,
  relation: string,
  manifest: DatasetFacts["manifest"],
  target: string | null,
): Promise<DatasetFacts> {
  const picked = manifest.columns.flatMap((c, i) => {
    const column = qualified("t", c.name);
    const range = TEMPORAL.includes(c.type)
      ? [`CAST(min(${column}) AS TIMESTAMP) AS min${i}`, `CAST(max(${column}) AS TIMESTAMP) AS max${i}`]
      : [];
    return [`count(DISTINCT ${column}) AS distinct${i}`, `count(*) - count(${column}) AS missing${i}`, ...range];
  });
  const [row] = await query(`SELECT ${picked.join(", ")} FROM ${quoteIdent(relation)} t`);
  const facts: DatasetFacts = { manifest, timeRange: {}, distinct: {}, missing: {}, classes: null };
  manifest.columns.forEach((c, i) => {
    facts.distinct[c.name] = Number(row![`distinct${i}`]);
    facts.missing[c.name] = Number(row![`missing${i}`]);
    if (!TEMPORAL.includes(c.type)) return;
    const [min, max] = [row![`min${i}`], row![`max${i}`]];
    facts.timeRange[c.name] = min === null || max === null ? null : { min: String(min), max: String(max) };
  });
  const labelled =
    target !== null && (facts.distinct[target] ?? 0) <= MOST_CLASSES && facts.distinct[target] !== undefined;
  if (labelled) {
    const { type } = manifest.columns.find((c) => c.name === target)!;
    const value = dialect.text(qualified("t", target), type);
    const classes = await query(
      `SELECT ${value} AS label, count(*) AS rows FROM ${quoteIdent(relation)} t WHERE ${value} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1`,
    );
    facts.classes = classes.map((c) => ({ label: String(c.label), rows: Number(c.rows) }));
  }
  return facts;
}

/** The columns that tell every row apart: as many distinct values as rows, none missing. */
export const uniqueColumns = (facts: DatasetFacts): string[] =>
  facts.manifest.columns
    .map((c) => c.name)
    .filter((name) => facts.manifest.rows > 0 && facts.distinct[name] === facts.manifest.rows);

/** The newest event time of a scope: of each table's time column, or null where none has one. */
export function newestEvent(scope: readonly DatasetFacts[]): string | null {
  const newest = scope.flatMap((f) => (f.manifest.time === null ? [] : (f.timeRange[f.manifest.time]?.max ?? [])));
  return newest.length === 0 ? null : newest.reduce((a, b) => (Date.parse(b) > Date.parse(a) ? b : a));
}
