import { type DatasetPin, pinOf } from "@muster/shared/domain/dataset.ts";
import type { Profile } from "@muster/shared/domain/profile.ts";
import { fault } from "@muster/shared/fault.ts";
import { quoteIdent } from "@muster/shared/warehouse/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { openPins } from "@muster/shared/warehouse/write-query.ts";
import { type ColumnSample, sampleSize } from "./column-sample.ts";

/**
 * Samples every column of one dataset version: up to `sampleSize` distinct values each, uniformly (those with the
 * smallest seeded hashes), over an engine that can open that one file. Counts come from the profile of the same version.
 */
export async function sampleColumns(
  lake: Lake,
  pin: DatasetPin,
  profile: Profile,
  { seed, threads }: { seed: number; threads: number },
): Promise<ColumnSample[]> {
  if (pinOf(profile.dataset, profile.version) !== pin)
    throw fault("precondition_failed", "the profile shown is another version's", { missing: ["dataset.profiled"] });
  const { columns } = await lake.manifest(pin);
  const counts = new Map(profile.columns.map((column) => [column.name, column]));
  const engine = await openPins(lake, { sampled: pin }, { threads });
  try {
    const samples: ColumnSample[] = [];
    for (const { name, type } of columns) {
      const rows = await engine.query<{ v: string }>(
        `SELECT v FROM (SELECT DISTINCT CAST(${quoteIdent(name)} AS VARCHAR) AS v FROM sampled) WHERE v IS NOT NULL
         ORDER BY hash(v, ${Math.trunc(seed)}), v LIMIT ${sampleSize}`,
      );
      const { nulls, distinct } = counts.get(name) ?? { nulls: 0, distinct: 0 };
      const values = rows.map(({ v }) => v);
      samples.push({ name, type, present: profile.rows - nulls, distinct: Math.max(distinct, values.length), values });
    }
    return samples;
  } finally {
    engine.close();
  }
}
