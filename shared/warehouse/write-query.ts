import { rm } from "node:fs/promises";
import type { DatasetManifest } from "../domain/dataset.ts";
import { fault } from "../fault.ts";
import { type Engine, quoteLiteral } from "./duckdb.ts";
import type { Lake } from "./lake.ts";
import { type Inputs, type Limits, openPins } from "./open-pins.ts";
import { openWarehouse } from "./open-warehouse.ts";
import { publish } from "./publish.ts";
import { asStored } from "./storage.ts";

export { type Inputs, type Limits, openPins } from "./open-pins.ts";

const WRITTEN = "__written";

/** A compiled query whose result becomes a dataset version. */
export type QuerySnapshot = {
  name: string;
  kind: DatasetManifest["kind"];
  /** Compiled SQL over the views; ORDER BY a key, or its version depends on the engine's row order. */
  sql: string;
  inputs: Inputs;
  time?: string | null;
  arrived?: string | null;
  /** Further files that the SQL reads: what the caller itself wrote under the home folder. */
  files?: readonly string[];
  notes?: string[];
  /** Looks at what was written, as a relation of this name, before anybody sees it: a fault leaves the newest version as it was. */
  check?: (engine: Engine, relation: string) => Promise<void>;
  origin: string;
  now: Date;
  limits?: Limits;
};

/**
 * Runs a compiled query over dataset versions into a new version of `name` and gives its manifest. Integers that overflow
 * int64 end `internal`; NaN and infinities become missing.
 */
export async function writeQuery(lake: Lake, query: QuerySnapshot): Promise<DatasetManifest> {
  const { name, kind, time = null, arrived = null, origin, now } = query;
  const parquet = lake.scratch();
  const copy = await copyOfWarehouse(lake, query);
  const files = [...(query.files ?? []), parquet, ...(copy ? [copy.file] : [])];
  const engine = await openPins(lake, copy ? [] : query.inputs, query.limits, files);
  try {
    const stored = await asStored(engine, copy ? `SELECT * FROM ${copy.from}` : query.sql);
    const absent = [time, arrived].find((c) => c !== null && !stored.columns.some((column) => column.name === c));
    if (absent) throw fault("invalid_input", `the query gives no column ${absent}, which was named as a time column`);
    await engine.run(`COPY (${stored.sql}) TO ${quoteLiteral(parquet)} (FORMAT parquet, COMPRESSION zstd)`);
    if (query.check) {
      await engine.view(WRITTEN, parquet);
      await query.check(engine, WRITTEN);
    }
    const declared: DatasetManifest["declared"] = [
      ...(time ? ["time" as const] : []),
      ...(arrived ? ["arrived" as const] : []),
    ];
    const { columns } = stored;
    const { memoryMb, threads } = query.limits ?? {};
    return await publish(lake, {
      name,
      kind,
      columns,
      time,
      arrived,
      declared,
      origin,
      notes: query.notes,
      parquet,
      now,
      memoryMb,
      threads,
    });
  } finally {
    engine.close();
    await rm(parquet, { force: true });
    if (copy) await rm(copy.file, { force: true });
  }
}

/** The result of a query over tables of a warehouse, brought here: the one copy there is of what stays there. Null for tables of the lake; the caller takes the file away. */
export async function copyOfWarehouse(
  lake: Lake,
  query: Pick<QuerySnapshot, "inputs" | "sql" | "limits">,
): Promise<{ from: string; file: string } | null> {
  const reader = await openWarehouse(lake, query.inputs, query.limits);
  if (!reader) return null;
  const file = lake.scratch();
  try {
    const { from } = await reader.copyOut!(query.sql, file);
    return { from, file };
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    reader.close();
  }
}
