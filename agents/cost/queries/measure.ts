import { rm } from "node:fs/promises";
import type { Column } from "@muster/shared/domain/dataset.ts";
import { type Engine, openEngine, quoteIdent, quoteLiteral } from "@muster/shared/warehouse/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { type Query, QueryKind, querySql, queryTerms, type Side } from "./kinds.ts";
import type { MeasuredQuery } from "./store.ts";

/** What a query used: of the process, so that nothing else may be at work in it. */
export type Clock = { cpuSeconds: () => number; seconds: () => number };

/** Sizes of the table that is measured on: rows, columns of numbers, columns of text. */
const sizes: readonly [number, number, number][] = [
  [20_000, 2, 2],
  [20_000, 8, 0],
  [150_000, 1, 3],
  [150_000, 6, 2],
];

const columnsOf = (numbers: number, texts: number): Column[] => [
  { name: "key", type: "integer" },
  ...Array.from({ length: numbers }, (_, i): Column => ({ name: `n${i}`, type: "number" })),
  ...Array.from({ length: texts }, (_, i): Column => ({ name: `t${i}`, type: "text" })),
];

/** A generated table: a key, numbers that hardly repeat, texts of a few hundred kinds. Always the same. */
function tableSql(rows: number, columns: readonly Column[]): string {
  const list = columns.map(({ name, type }, i) => {
    const drawn = `hash(i * 31 + ${i})`;
    const value = name === "key" ? "i" : type === "number" ? `${drawn} % 1000003 / 7.0` : `'kind ' || (${drawn} % 300)`;
    return `${value} AS ${quoteIdent(name)}`;
  });
  return `SELECT ${list.join(", ")} FROM range(${rows}) r(i)`;
}

async function runQuery(engine: Engine, query: Query, out: string): Promise<void> {
  const sql = querySql(query);
  if (query.kind === "materialize") await engine.run(`COPY (${sql}) TO ${quoteLiteral(out)} (FORMAT parquet)`);
  else await engine.query(sql);
}

/**
 * Measures what kinds of query take on this machine, over a generated table in the lake's scratch folder that is removed
 * afterwards: about two seconds. Run it once, and where nothing else is at work in the process.
 */
export async function measureQueries(lake: Lake, threads: number, clock: Clock): Promise<MeasuredQuery[]> {
  const measured: MeasuredQuery[] = [];
  for (const [rows, numbers, texts] of sizes) {
    const [file, out] = [lake.scratch(), lake.scratch()];
    const engine = await openEngine({ files: [file, out], memoryMb: 1024, threads });
    try {
      const columns = columnsOf(numbers, texts);
      await engine.run(`COPY (${tableSql(rows, columns)}) TO ${quoteLiteral(file)} (FORMAT parquet)`);
      await engine.view("made", file);
      const left: Side = { name: "made", rows, columns };
      const right: Side = { name: "made", rows, columns: columns.slice(0, 2) };
      for (const kind of QueryKind.options) {
        const query: Query = { kind, left, right: kind === "join" ? right : null, on: [["key", "key"]] };
        const [cpu, wall] = [clock.cpuSeconds(), clock.seconds()];
        await runQuery(engine, query, out);
        const took = { cpuSeconds: clock.cpuSeconds() - cpu, seconds: clock.seconds() - wall };
        measured.push({ kind, terms: queryTerms(query), ...took });
      }
    } finally {
      engine.close();
      await Promise.all([rm(file, { force: true }), rm(out, { force: true })]);
    }
  }
  return measured;
}
