import { type DatasetPin, pinOf } from "@muster/shared/domain/dataset.ts";
import type { Profile } from "@muster/shared/domain/profile.ts";
import { fault } from "@muster/shared/fault.ts";
import { quoteIdent } from "@muster/shared/warehouse/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { type ColumnSample, sampleSize } from "./column-sample.ts";

/**
 * Samples every column of one dataset version: up to `sampleSize` distinct values each, uniformly (those with the
 * smallest seeded hashes), over an engine that can open that one version. Counts come from the profile of the same version.
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
  return withPins(lake, [pin], { threads }, async ({ query, dialect }) => {
    const samples: ColumnSample[] = [];
    for (const { name, type } of columns) {
      // Both kinds of engine know md5: the same values are drawn wherever the dataset stands.
      const rows = await query<{ v: string }>(
        `SELECT v FROM (SELECT DISTINCT ${dialect.text(quoteIdent(name), type)} AS v FROM ${quoteIdent(profile.dataset)}) d
         WHERE v IS NOT NULL ORDER BY md5('${Math.trunc(seed)}:' || v), v LIMIT ${sampleSize}`,
      );
      const { nulls, distinct } = counts.get(name) ?? { nulls: 0, distinct: 0 };
      const values = rows.map(({ v }) => v);
      samples.push({ name, type, present: profile.rows - nulls, distinct: Math.max(distinct, values.length), values });
    }
    return samples;
  });
}
