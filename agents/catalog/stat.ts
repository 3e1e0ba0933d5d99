import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";

/** Counts of a column: what a request is grounded in, and nothing of its values. `classes`: distinct values where they are few. */
export type ColumnStat = {
  name: string;
  distinct: number | null;
  unique: boolean;
  nulls: number;
  classes: number | null;
};
/** Counts of a dataset version, and the first and last day of its event time. */
export type DatasetStat = { columns: ColumnStat[]; range: { from: string; to: string } | null };

const fewest = 50;

/** Counts a dataset version in one scan; the reader holds it as a view of its name. */
export async function statOf(reader: Reader, manifest: DatasetManifest): Promise<DatasetStat> {
  const counts = manifest.columns.map(
    ({ name }, i) => `count(${quoteIdent(name)}) AS n${i}, count(DISTINCT ${quoteIdent(name)}) AS d${i}`,
  );
  const time = manifest.time
    ? `, CAST(CAST(min(${quoteIdent(manifest.time)}) AS DATE) AS VARCHAR) AS first, CAST(CAST(max(${quoteIdent(manifest.time)}) AS DATE) AS VARCHAR) AS last`
    : "";
  const [row] = await reader.query(`SELECT ${counts.join(", ")}${time} FROM ${quoteIdent(manifest.name)}`);
  const columns = manifest.columns.map(({ name }, i) => {
    const [there, distinct] = [Number(row![`n${i}`]), Number(row![`d${i}`])];
    return {
      name,
      distinct,
      unique: there > 0 && there === distinct,
      nulls: manifest.rows - there,
      classes: distinct <= fewest ? distinct : null,
    };
  });
  const { first, last } = row as { first?: string | null; last?: string | null };
  return { columns, range: first && last ? { from: first, to: last } : null };
}
