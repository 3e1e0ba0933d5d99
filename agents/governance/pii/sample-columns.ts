import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import type { Profile } from "@muster/shared/domain/profile.ts";
import { openEngine, quoteIdent } from "@muster/shared/warehouse/duckdb.ts";
import { type ColumnSample, sampleSize } from "./column-sample.ts";

/**
 * Samples every column of one dataset version: up to `sampleSize` distinct values each, uniformly (those with the
 * smallest seeded hashes), over an engine that can open that one file. Counts come from the profile of the same version.
 */
export async function sampleColumns(
  file: string,
  manifest: DatasetManifest,
  profile: Profile,
  { seed, threads }: { seed: number; threads: number },
): Promise<ColumnSample[]> {
  const engine = await openEngine({ files: [file], memoryMb: 1024, threads });
  try {
    await engine.view("sampled", file);
    const counts = new Map(profile.columns.map((column) => [column.name, column]));
    const samples: ColumnSample[] = [];
    for (const { name, type } of manifest.columns) {
      const rows = await engine.query<{ v: string }>(
        `SELECT v FROM (SELECT DISTINCT CAST(${quoteIdent(name)} AS VARCHAR) AS v FROM sampled) WHERE v IS NOT NULL
         ORDER BY hash(v, ${Math.trunc(seed)}), v LIMIT ${sampleSize}`,
      );
      const profiled = counts.get(name);
      const values = rows.map(({ v }) => v);
      samples.push({
        name,
        type,
        present: profile.rows - (profiled?.nulls ?? 0),
        distinct: Math.max(profiled?.distinct ?? 0, values.length),
        values,
      });
    }
    return samples;
  } finally {
    engine.close();
  }
}
