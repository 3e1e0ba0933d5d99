import { rm } from "node:fs/promises";
import { type DatasetManifest, type DatasetPin, parseDatasetRef } from "../domain/dataset.ts";
import { fault } from "../fault.ts";
import { type Engine, openEngine, quoteLiteral } from "./duckdb.ts";
import type { Lake } from "./lake.ts";
import { publish } from "./publish.ts";
import { asStored } from "./storage.ts";

/** Which versions a query reads: a list (each a view of its dataset's name) or a view name for each. */
export type Inputs = readonly DatasetPin[] | Readonly<Record<string, DatasetPin>>;

/** What a reading engine may use; the defaults suit a tool that shares the machine. */
export type Limits = { memoryMb?: number; threads?: number; timeLimitMs?: number };

function named(inputs: Inputs): [string, DatasetPin][] {
  if (!Array.isArray(inputs)) return Object.entries(inputs);
  const pairs = inputs.map((pin: DatasetPin): [string, DatasetPin] => [parseDatasetRef(pin).name, pin]);
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) {
    throw fault("invalid_input", "two versions of one dataset were passed as a list; name a view for each");
  }
  return pairs;
}

/**
 * Opens an engine over exactly these dataset versions, each a view. `more` names further paths that it may read or write.
 * `not_found` where the lake doesn't hold a version. Close it.
 */
export async function openPins(
  lake: Lake,
  inputs: Inputs,
  limits: Limits = {},
  more: readonly string[] = [],
): Promise<Engine> {
  const pairs = named(inputs);
  for (const [, pin] of pairs) await lake.standing(pin);
  const files = pairs.map(([, pin]) => lake.file(pin));
  const { memoryMb = 1024, threads = 2, timeLimitMs } = limits;
  const engine = await openEngine({ files: [...files, ...more], memoryMb, threads, timeLimitMs });
  try {
    for (const [name, pin] of pairs) await engine.view(name, lake.file(pin));
  } catch (error) {
    engine.close();
    throw error;
  }
  return engine;
}

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
  const engine = await openPins(lake, query.inputs, query.limits, [...(query.files ?? []), parquet]);
  try {
    const stored = await asStored(engine, query.sql);
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
  }
}
