import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import { quoteLiteral } from "@muster/shared/warehouse/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";

/** Bytes that reading some columns of a dataset version takes from the disk, by the file's own footer; no row is read. */
export async function bytesOf(lake: Lake, pin: DatasetPin, columns: readonly string[]): Promise<number> {
  const sql = `SELECT path_in_schema AS name, CAST(sum(total_compressed_size) AS DOUBLE PRECISION) AS bytes
    FROM parquet_metadata(${quoteLiteral(lake.file(pin))}) GROUP BY path_in_schema`;
  const wanted = new Set(columns);
  const found = await withPins(lake, [pin], { threads: 1, memoryMb: 256 }, (engine) =>
    engine.query<{ name: string; bytes: number }>(sql),
  );
  return found.reduce((sum, { name, bytes }) => sum + (wanted.has(name) ? bytes : 0), 0);
}
