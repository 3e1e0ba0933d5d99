import { rm } from "node:fs/promises";
import { type Column, type DatasetManifest, DatasetName } from "../domain/dataset.ts";
import { Fault, fault } from "../fault.ts";
import { type Engine, openEngine } from "./duckdb.ts";
import { columnNames } from "./header.ts";
import { openInboxFile } from "./inbox.ts";
import { inferColumns } from "./infer.ts";
import type { Lake } from "./lake.ts";
import { findMoments } from "./moments.ts";
import { publish } from "./publish.ts";
import { quoteIdent, quoteLiteral } from "./quote.ts";
import { checkWidth, openCsv, openJsonLines } from "./sources.ts";
import { type Staged, stage } from "./stage.ts";
import { asStored } from "./storage.ts";

/** What a load may cost. */
export type IngestLimits = {
  /** Largest file, in bytes as it lies in the inbox. */
  bytes: number;
  /** Largest size after unpacking, in bytes: what a compressed bomb meets. */
  unpackedBytes: number;
  columns: number;
  memoryMb: number;
  threads: number;
  /** Time of each of the passes over the file. */
  timeLimitMs: number;
};

/** 4 GB, 16 GB unpacked, 2,000 columns, 2 GB of memory, 10 minutes a pass. */
export const defaultIngestLimits: IngestLimits = {
  bytes: 4 * 1024 ** 3,
  unpackedBytes: 16 * 1024 ** 3,
  columns: 2_000,
  memoryMb: 2_048,
  threads: 2,
  timeLimitMs: 600_000,
};

/** A load: `file` is a name in the inbox or a path below it; `time` and `arrived` declare columns. */
export type Load = {
  lake: Lake;
  /** The only folder whose files are opened: `MUSTER_HOME/inbox`. */
  inbox: string;
  file: string;
  name?: string;
  time?: string;
  arrived?: string;
  limits?: IngestLimits;
  now: Date;
};

/** The dataset name that a file name suggests: its slug without endings. */
export function datasetNameOf(fileName: string): string {
  const stem = fileName.replace(/(\.[A-Za-z]{2,7}){1,2}$/, "");
  const slug = stem
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  return (/^[a-z]/.test(slug) ? slug : `data_${slug}`.replace(/_$/, "")).slice(0, 63).replace(/_$/, "");
}

/** What the engine said of a file that it can't read, without the cells that stand in its text. */
function unreadable(error: unknown, format: Staged["format"]): unknown {
  if (!(error instanceof Fault) || error.code !== "internal") return error;
  const text = error.cause instanceof Error ? error.cause.message : "";
  const line = / Line: (\d+)/.exec(text)?.[1] ?? / in line (\d+)/.exec(text)?.[1];
  const where = line ? `line ${line}` : "a line";
  const invalid = (message: string) => fault("invalid_input", message, line ? { line: Number(line) } : {}, error.cause);
  if (format === "parquet")
    return invalid("the file can't be read as Parquet: it is cut off or damaged; write it again");
  if (format === "json_lines") return invalid(`${where} isn't a JSON object; each line must be one object in braces`);
  if (/unterminated quote/i.test(text)) return invalid(`${where} has a quote that isn't closed; close or double it`);
  if (/Number of Columns/i.test(text)) {
    return invalid(`${where} has more or fewer cells than the first line; quote cells that hold the delimiter`);
  }
  if (/maximum_?line_?size|Maximum line size/i.test(text))
    return invalid(`${where} is too long; is a quote not closed?`);
  if (/CSV|Invalid Input/i.test(text)) return invalid(`${where} can't be read as CSV; quote cells as RFC 4180 says`);
  return error;
}

/** A file as a query in storage types, with what was found on the way. */
type Read = { sql: string; columns: (Column & { present: number })[]; rows: number; notes: string[] };

async function readText(engine: Engine, staged: Staged, limits: IngestLimits): Promise<Read> {
  const { source, notes } =
    staged.format === "csv"
      ? await openCsv(staged.path, limits.columns)
      : await openJsonLines(engine, staged.path, limits.columns);
  const { columns, rows, notes: found } = await inferColumns(engine, source);
  const select = columns.map(({ name, expression }) => `${expression} AS ${quoteIdent(name)}`).join(", ");
  return { sql: `SELECT ${select} FROM ${source.from}`, columns, rows, notes: [...staged.notes, ...notes, ...found] };
}

async function readParquet(engine: Engine, staged: Staged, limits: IngestLimits): Promise<Read> {
  const file = quoteLiteral(staged.path);
  const [size] = await engine.query(
    `SELECT (SELECT coalesce(sum(total_uncompressed_size), 0) FROM parquet_metadata(${file}))::BIGINT AS bytes,
            (SELECT count(*) FROM parquet_schema(${file}) WHERE num_children IS NULL) AS width`,
  );
  checkWidth(Number(size!.width), limits.columns);
  if (Number(size!.bytes) > limits.unpackedBytes) {
    const message = `the file unpacks to more than the limit of ${limits.unpackedBytes} bytes; split it`;
    throw fault("invalid_input", message, { limit: limits.unpackedBytes });
  }
  const described = await engine.query(`DESCRIBE SELECT * FROM read_parquet(${file})`);
  const raw = described.map((d) => String(d.column_name));
  const { names } = columnNames(raw);
  const renamed = raw.map((name, i) => `${quoteIdent(name)} AS ${quoteIdent(names[i]!)}`).join(", ");
  const stored = await asStored(engine, `SELECT ${renamed} FROM read_parquet(${file})`);
  const counts = names.map((name, i) => `count(${quoteIdent(name)}) AS n${i}`).join(", ");
  const [row] = await engine.query(`SELECT count(*) AS n, ${counts} FROM (${stored.sql})`);
  const rows = Number(row!.n);
  const notes = stored.columns
    .filter((c, i) => c.type === "text" && !/^(VARCHAR|UUID|ENUM|JSON)/.test(stored.duckTypes[i]!))
    .map((c) => `${c.name}: kept as text`);
  const columns = stored.columns.map((c, i) => ({ ...c, present: rows > 0 ? Number(row![`n${i}`]) / rows : 0 }));
  return { sql: stored.sql, columns, rows, notes };
}

/**
 * Loads a file of the inbox as the newest version of a dataset and gives its manifest: the only code that opens a path a
 * user named. The file is checked and copied first, then read by an engine that can reach that copy alone; rows keep their
 * order. The same content loaded again is the same version.
 * `denied` for a path that isn't a plain file of the inbox, `not_found`, `invalid_input` for what can't be read as it
 * says it is, `unfit` for a table without rows, `conflict` where the name belongs to something the swarm wrote.
 */
export async function ingest(load: Load): Promise<DatasetManifest> {
  const { lake, limits = defaultIngestLimits, now } = load;
  const file = await openInboxFile(load.inbox, load.file, limits.bytes);
  const scratch: [string, string] = [lake.scratch(), lake.scratch()];
  const parquet = lake.scratch();
  try {
    const name = load.name ?? datasetNameOf(file.name);
    if (!DatasetName.safeParse(name).success) {
      const message =
        "a dataset's name is lower-case letters, digits and _, at most 63, beginning with a letter; use --as NAME";
      throw fault("invalid_input", message);
    }
    const staged = await stage(file, scratch, limits.unpackedBytes);
    const { memoryMb, threads, timeLimitMs } = limits;
    const engine = await openEngine({ files: [staged.path, parquet], memoryMb, threads, timeLimitMs });
    try {
      const read = await (staged.format === "parquet" ? readParquet : readText)(engine, staged, limits);
      if (read.rows === 0) throw fault("unfit", "the file has no rows; load a file with rows");
      const moments = findMoments(read.columns, load);
      await engine.run(`COPY (${read.sql}) TO ${quoteLiteral(parquet)} (FORMAT parquet, COMPRESSION zstd)`);
      const columns = read.columns.map((c) => ({ name: c.name, type: c.type }));
      const origin = `file ${file.name.replace(/[^\p{L}\p{N} ._-]/gu, "_").slice(0, 120)}`;
      const content = { name, kind: "source" as const, columns, ...moments, origin, notes: read.notes };
      return await publish(lake, { ...content, parquet, now, memoryMb, threads });
    } catch (error) {
      throw unreadable(error, staged.format);
    } finally {
      engine.close();
    }
  } finally {
    await file.handle.close();
    await Promise.all([...scratch, parquet].map((path) => rm(path, { force: true })));
  }
}
