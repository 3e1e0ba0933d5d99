import type { DatasetManifest, DatasetPin } from "@muster/shared/domain/dataset.ts";
import { type Engine, openEngine } from "@muster/shared/warehouse/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";

const memoryMb = 1024;

/** Runs work over an engine that holds one dataset version as a view of its name, and nothing else. */
export async function withDataset<T>(
  lake: Lake,
  pin: DatasetPin,
  threads: number,
  work: (engine: Engine, manifest: DatasetManifest) => Promise<T>,
): Promise<T> {
  const manifest = await lake.manifest(pin);
  const engine = await openEngine({ files: [lake.file(pin)], memoryMb, threads });
  try {
    await engine.view(manifest.name, lake.file(pin));
    return await work(engine, manifest);
  } finally {
    engine.close();
  }
}
