import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fault } from "../fault.ts";
import { type Engine, openEngine, quoteIdent } from "./duckdb.ts";

let folder: string;
let engine: Engine;
const open: Engine[] = [];
const start = async (options: Partial<Parameters<typeof openEngine>[0]> = {}) => {
  const started = await openEngine({ files: [], memoryMb: 256, threads: 1, ...options });
  open.push(started);
  return started;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-duckdb-"));
  engine = await start({ files: [join(folder, "a.parquet")] });
  await engine.run(`COPY (SELECT 1::BIGINT AS "a ""b""", 'x' AS s) TO '${folder}/a.parquet' (FORMAT parquet)`);
});
afterAll(async () => {
  for (const each of open) each.close();
  await rm(folder, { recursive: true });
});

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "no fault",
    (error: unknown) => (error instanceof Fault ? error.code : String(error)),
  );

describe("an engine", () => {
  it("reads a file of its list through a view, with counts as numbers", async () => {
    await engine.view("t", join(folder, "a.parquet"));
    const rows = await engine.query(`SELECT count(*) AS n, max(${quoteIdent('a "b"')}) AS m FROM t`);
    expect(rows).toEqual([{ n: 1, m: 1 }]);
  });

  it("gives dates, times, lists and what isn't finite as plain data", async () => {
    const [row] = await engine.query(
      "SELECT DATE '2024-02-29' AS d, TIMESTAMP '1969-12-31 23:59:59.5' AS t, [1, NULL] AS l, 'nan'::DOUBLE AS n, 9007199254740993::BIGINT AS big, 1.5::DECIMAL(4,1) AS dec",
    );
    expect(row).toEqual({
      d: "2024-02-29",
      t: "1969-12-31T23:59:59.500Z",
      l: [1, null],
      n: null,
      big: "9007199254740993",
      dec: 1.5,
    });
  });

  it.each([
    ["reads its neighbour", (f: string) => `SELECT * FROM read_parquet('${f}/b.parquet')`],
    ["reads a system file", () => "SELECT * FROM read_csv('/etc/passwd')"],
    ["lists a folder", () => "SELECT * FROM glob('/etc/*')"],
    ["goes up a path", (f: string) => `SELECT * FROM read_parquet('${f}/../b.parquet')`],
    ["writes elsewhere", (f: string) => `COPY (SELECT 1) TO '${f}/c.parquet'`],
    ["attaches a database", (f: string) => `ATTACH '${f}/x.db'`],
    ["loads an extension", () => "LOAD httpfs"],
    ["installs an extension", () => "INSTALL httpfs"],
    ["opens itself up again", () => "SET enable_external_access = true"],
    ["raises its own memory limit", () => "SET memory_limit = '20GB'"],
    ["adds a path", () => "SET allowed_paths = ['/etc/passwd']"],
  ])("refuses a query that %s", async (_, sql) => {
    expect(await codeOf(engine.query(sql(folder)))).toBe("internal");
  });

  it("says nothing of a cell in the text of a fault", async () => {
    const failed = await engine.query("SELECT 'secret-cell'::INTEGER").catch((error: unknown) => error);
    expect((failed as Fault).message).not.toContain("secret-cell");
  });

  it("stops a query at its time limit and one that is interrupted", async () => {
    const slow = "SELECT count(*) FROM range(100000000) a, range(100000000) b";
    const limited = await start({ timeLimitMs: 20 });
    expect(await codeOf(limited.query(slow))).toBe("deadline");
    const stopped = await start();
    const asked = codeOf(stopped.query(slow));
    while ((await Promise.race([asked, new Promise((done) => setImmediate(done, "running"))])) === "running") {
      stopped.interrupt();
    }
    expect(await asked).toBe("cancelled");
  });

  it("ends unfit when a query needs more than its memory", async () => {
    const small = await start({ memoryMb: 16 });
    expect(await codeOf(small.query("SELECT count(DISTINCT hash(i)) FROM range(20000000) t(i)"))).toBe("unfit");
  });

  it("reads numeric columns chunk by chunk as typed arrays, and refuses others", async () => {
    let sum = 0;
    for await (const { rows, columns } of engine.chunks("SELECT i::DOUBLE FROM range(5000) t(i)")) {
      for (let i = 0; i < rows; i++) sum += Number(columns[0]![i]);
    }
    expect(sum).toBe(12_497_500);
    const texts = engine.chunks("SELECT 'a'");
    expect(await codeOf(texts.next())).toBe("internal");
  });
});
