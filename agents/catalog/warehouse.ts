import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import { pinOf } from "@muster/shared/domain/dataset.ts";
import { type Engine, openEngine } from "@muster/shared/warehouse/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";

const memoryMb = 1024;

/** Runs work over an engine that holds these dataset versions, each as a view of its name, and nothing else. */
export async function withTables<T>(
  lake: Lake,
  tables: readonly DatasetManifest[],
  threads: number,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const file = (manifest: DatasetManifest) => lake.file(pinOf(manifest.name, manifest.version));
  const engine = await openEngine({ files: tables.map(file), memoryMb, threads });
  try {
    for (const manifest of tables) await engine.view(manifest.name, file(manifest));
    return await work(engine);
  } finally {
    engine.close();
  }
}
