import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pinOf } from "../domain/dataset.ts";
import { openEngine } from "./duckdb.ts";
import { datasetNameOf, defaultIngestLimits, ingest, type Load } from "./ingest.ts";
import { type Lake, openLake } from "./lake.ts";
import { openPins } from "./write-query.ts";

let home: string;
let inbox: string;
let lake: Lake;
const now = new Date("2026-01-02T03:04:05Z");

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "muster-ingest-"));
  inbox = join(home, "inbox");
  await mkdir(inbox);
  lake = await openLake(home);
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function load(content: string | Uint8Array, file = "t.csv", more: Partial<Load> = {}) {
  await writeFile(join(inbox, file), content);
  return ingest({ lake, inbox, file, now, ...more });
}
async function table(content: string | Uint8Array, file = "t.csv", more: Partial<Load> = {}) {
  const manifest = await load(content, file, more);
  const engine = await openPins(lake, { t: pinOf(manifest.name, manifest.version) });
  const rows = await engine.query("SELECT * FROM t");
  engine.close();
  return { manifest, rows, types: Object.fromEntries(manifest.columns.map((c) => [c.name, c.type])) };
}
const parquet = async (sql: string, file: string) => {
  const path = join(inbox, file);
  const engine = await openEngine({ files: [path], memoryMb: 256, threads: 1 });
  await engine.run(`COPY (${sql}) TO '${path}' (FORMAT parquet)`);
  engine.close();
};

describe("types found in text", () => {
  it("finds boolean, integer, number, text, date and timestamp, and what is missing", async () => {
    const { rows, types } = await table(
      "b,i,n,t,d,ts\ntrue,1,1.5,x,2024-01-31,2024-01-31 10:00:00\nFALSE, ,1e3,?,2024-02-01,2024-02-01T11:30:00Z\n,-7,nan,NA,,\n",
    );
    expect(types).toEqual({ b: "boolean", i: "integer", n: "number", t: "text", d: "date", ts: "timestamp" });
    expect(rows[1]).toEqual({ b: false, i: null, n: 1000, t: null, d: "2024-02-01", ts: "2024-02-01T11:30:00.000Z" });
    expect(rows[2]).toEqual({ b: null, i: -7, n: null, t: null, d: null, ts: null });
  });

  it("keeps codes with leading zeros and ids beyond int64 as text, and 16-digit ids as integers", async () => {
    const { types, rows } = await table(
      "zip,long,card,zero\n01581,12345678901234567890,4012888888881881,0\n90210,1,1,10\n",
    );
    expect(types).toEqual({ zip: "text", long: "text", card: "integer", zero: "integer" });
    expect(rows[0]).toMatchObject({ zip: "01581", card: 4012888888881881 });
  });

  it("changes its mind about a column whose later rows differ from the first thousand", async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `${i},${i},1/2/2020,2024-01-01`);
    const csv = `id,code,when,day\n${lines.join("\n")}\n3000,x7,31/1/2020,2024-01-01 12:00\n`;
    const { types, rows } = await table(csv);
    expect(types).toEqual({ id: "integer", code: "text", when: "date", day: "timestamp" });
    expect(rows[0]!.when).toBe("2020-02-01");
  });

  it("decides the order of day and month from the data, from the file's other columns, or says that it can't", async () => {
    const decided = await table("a,b\n1/31/2011,2/1/2011\n1/2/2011,3/4/2011\n");
    expect(decided.rows[0]).toEqual({ a: "2011-01-31", b: "2011-02-01" });
    expect(decided.manifest.notes).toEqual([]);
    const dayFirst = await table("a,b\n31/1/2011,2/1/2011\n1/2/2011,3/4/2011\n");
    expect(dayFirst.rows[0]).toEqual({ a: "2011-01-31", b: "2011-01-02" });
    const open = await table("a,n\n3/4/2011,1\n5/6/2011,2\n");
    expect(open.rows[0]!.a).toBe("2011-03-04");
    expect(open.manifest.notes).toEqual(["a: day and month can't be told apart; read month first"]);
    const timed = await table("a\n12/25/2011 5:07 PM\n1/2/2011 12:00 AM\n");
    expect(timed.rows.map((r) => r.a)).toEqual(["2011-12-25T17:07:00.000Z", "2011-01-02T00:00:00.000Z"]);
  });

  it("stores times with an offset as UTC", async () => {
    const { rows } = await table("a\n2024-01-01T00:00:00+02:00\n2024-01-01T00:00:00+0530\n2024-01-01T00:00:00Z\n");
    expect(rows.map((r) => r.a)).toEqual([
      "2023-12-31T22:00:00.000Z",
      "2023-12-31T18:30:00.000Z",
      "2024-01-01T00:00:00.000Z",
    ]);
  });

  it("reads decimal commas between semicolons and thousands signs in quotes, and says so", async () => {
    const german = await table("a;b\n1,5;x\n1.234,25;y\n7;z\n");
    expect(german.rows.map((r) => r.a)).toEqual([1.5, 1234.25, 7]);
    expect(german.manifest.notes).toEqual(["a: the comma was read as decimal sign"]);
    const english = await table('a,b\n"1,234.5",x\n7,y\n');
    expect(english.rows.map((r) => r.a)).toEqual([1234.5, 7]);
  });

  it("takes infinities of a number column as missing and keeps words as text", async () => {
    const { rows, types } = await table("n,w\n1.5,none\ninf,-\n-Infinity,unknown\n");
    expect(rows.map((r) => r.n)).toEqual([1.5, null, null]);
    expect(types.w).toBe("text");
    expect(rows[0]!.w).toBe("none");
  });
});

describe("headers and dialects", () => {
  it.each([
    ["numbers only", "1,2\n3,4\n", ["column_1", "column_2"], 2],
    ["a header above numbers", "a,b\n3,4\n", ["a", "b"], 1],
    ["a header above dates", "day,name\n2024-01-01,x\n2024-01-02,y\n", ["day", "name"], 2],
    ["texts that come again below", "yes,no\nno,no\nyes,yes\n", ["column_1", "column_2"], 3],
    ["a header above texts", "name,city\nann,rome\nbob,oslo\n", ["name", "city"], 2],
    ["years as names", "country,2019,2020\nfr,1.5,2.5\nde,3.5,4\n", ["country", "2019", "2020"], 2],
    ["a single row of data", "1,x\n", ["column_1", "column_2"], 1],
    [
      "a data row with a text above mostly numbers",
      "1,2,x\n3,4,5\n3,4,5\n6,7,8\n",
      ["column_1", "column_2", "column_3"],
      4,
    ],
    ["semicolons", "a;b\n1;2\n", ["a", "b"], 1],
    ["tabs", "a\tb\n1\t2,5\n", ["a", "b"], 1],
    ["one column", "a\n1\n2\n", ["a"], 2],
    ["one column of sentences", "note\nyes, it is\nno\nmaybe; or not\n", ["note"], 3],
    ["leading blank lines", "\n\na,b\n1,2\n", ["a", "b"], 1],
    ["old line ends", "a,b\r1,2\r", ["a", "b"], 1],
    ["mixed line ends", 'a,b\r\n1,"x\ny"\n2,z\r\n', ["a", "b"], 2],
    ["a name that is missing", ",b\n1,2\n", ["column_1", "b"], 1],
    ["quotes and line breaks in a header", '"a ""q""","b\nc"\n1,2\n', ['a "q"', "b c"], 1],
  ])("reads %s", async (_, csv, names, rows) => {
    const manifest = await load(csv);
    expect(manifest.columns.map((c) => c.name)).toEqual(names);
    expect(manifest.rows).toBe(rows);
  });

  it.each([
    ["UTF-8 with a mark", Buffer.from("\ufeffnäme,b\né,1\n", "utf8")],
    ["UTF-16 little endian", Buffer.from("\ufeffnäme,b\r\né,1\r\n", "utf16le")],
    ["UTF-16 big endian", Buffer.from("\ufeffnäme,b\né,1\n", "utf16le").swap16()],
    ["Latin-1", Buffer.from("näme,b\né,1\n", "latin1")],
    ["gzip", gzipSync(Buffer.from("näme,b\né,1\n"))],
  ])("reads %s to the same version", async (kind, bytes) => {
    const plain = await load("näme,b\né,1\n", "plain.csv", { name: "t" });
    const manifest = await load(bytes, kind === "gzip" ? "t.csv.gz" : "t.csv");
    expect(manifest.version).toBe(plain.version);
  });

  it("says that a text was read as Latin-1", async () => {
    const manifest = await load(Buffer.from("a,b\né,1\n", "latin1"));
    expect(manifest.notes[0]).toMatch(/Windows-1252/);
  });
});

describe("one content, one version", () => {
  it("whether it comes as CSV, JSON lines or Parquet", async () => {
    const csv = await load("a,b,d\n1,x,2024-01-01\n,y z,2024-01-02\n");
    const json = await load('{"a":1,"b":"x","d":"2024-01-01"}\n{"b":"y z","d":"2024-01-02","a":null}\n', "t.jsonl");
    await parquet(
      "SELECT * FROM (VALUES (1::SMALLINT, 'x', DATE '2024-01-01'), (NULL, 'y z', DATE '2024-01-02')) v(a, b, d)",
      "t.parquet",
    );
    const columnar = await ingest({ lake, inbox, file: "t.parquet", now });
    expect(json.version).toBe(csv.version);
    expect(columnar.version).toBe(csv.version);
    expect(await lake.versions("t")).toHaveLength(1);
  });

  it("keeps the order of the rows whatever the threads", async () => {
    const day = (i: number) => `2024-01-${String(1 + (i % 28)).padStart(2, "0")}`;
    const line = (i: number) => `${i},${i / 4},k${i % 9},${i % 3 ? "true" : "NA"},${day(i)},${day(i)} 10:00,`;
    const csv = `i,n,t,b,d,ts,none\n${Array.from({ length: 400_000 }, (_, i) => line(i)).join("\n")}\n`;
    const versions = new Set<string>();
    for (const threads of [1, 4]) {
      const limits = { ...defaultIngestLimits, threads };
      const manifest = await load(csv, "t.csv", { limits, name: `threads_${threads}` });
      versions.add(manifest.version);
      const engine = await openPins(lake, { t: pinOf(manifest.name, manifest.version) });
      const [row] = await engine.query(
        "SELECT count(*) AS moved FROM (SELECT i, row_number() OVER () - 1 AS place FROM t) WHERE i <> place",
      );
      engine.close();
      expect(row).toEqual({ moved: 0 });
    }
    expect(versions.size).toBe(1);
  });

  it("keeps JSON's quoted digits as text and finds keys of later rows", async () => {
    const { types, rows } = await table(
      '{"zip":"81541","n":1}\n{"zip":"80331","n":2.5,"more":{"x":[1]}}\n',
      "t.ndjson",
    );
    expect(types).toEqual({ zip: "text", n: "number", more: "text" });
    expect(rows[1]).toEqual({ zip: "80331", n: 2.5, more: '{"x":[1]}' });
  });

  it("keeps Parquet's nested and binary columns as text and its NaN as missing", async () => {
    await parquet("SELECT [1, 2] AS l, 'nan'::DOUBLE AS n, 'ab'::BLOB AS b", "n.parquet");
    const manifest = await ingest({ lake, inbox, file: "n.parquet", now });
    expect(manifest.columns.map((c) => c.type)).toEqual(["text", "number", "text"]);
    expect(manifest.notes).toEqual(["l: kept as text", "b: kept as text"]);
  });
});

describe("time columns", () => {
  it("finds event and arrival by name and type", async () => {
    const manifest = await load("id,birth_date,event_time,loaded_at\n1,1990-01-01,2024-01-01 10:00,2024-01-02 00:00\n");
    expect(manifest).toMatchObject({ time: "event_time", arrived: "loaded_at", declared: [] });
  });

  it("takes a business date for what it is, not for when the row arrived", async () => {
    const manifest = await load("ref,booked_on,arrival\n1,2024-01-01,2024-03-01\n2,2024-01-02,2024-03-02\n");
    expect(manifest).toMatchObject({ time: "booked_on", arrived: null });
  });

  it("takes declared columns, as another version, and refuses what isn't a time", async () => {
    const csv = "id,start_date,changed\n1,2024-01-01,2024-02-01\n";
    const found = await load(csv);
    expect(found.time).toBe("start_date");
    const declared = await load(csv, "t.csv", { time: "changed" });
    expect(declared).toMatchObject({ time: "changed", declared: ["time"] });
    expect(declared.version).not.toBe(found.version);
    await expect(load(csv, "t.csv", { time: "id" })).rejects.toMatchObject({
      code: "invalid_input",
      message: /start_date/,
    });
    await expect(load(csv, "t.csv", { arrived: "nope" })).rejects.toMatchObject({ code: "invalid_input" });
  });
});

describe("files that can't be loaded", () => {
  const wide = `${Array.from({ length: 10_000 }, (_, i) => `c${i}`).join(",")}\n${"1,".repeat(9_999)}1\n`;
  it.each<[string, string | Uint8Array, string, string, RegExp]>([
    ["an empty file", "", "t.csv", "invalid_input", /empty/],
    ["blank lines only", "\n \n", "t.csv", "invalid_input", /empty/],
    ["a header only", "a,b\n", "t.csv", "unfit", /no rows/],
    ["two columns of one name", "a,b,A\n1,2,3\n", "t.csv", "invalid_input", /columns 1 and 3/],
    ["10,000 columns", wide, "t.csv", "invalid_input", /10000 columns/],
    ["a row that is too long", "a,b\n1,2\n3,secret-cell,5\n", "t.csv", "invalid_input", /line 3/],
    [
      "a row that is too short",
      "a,b\n1,2\n1,2\n1,2\n1,2\n1,2\n1,2\n1,2\n1,2\n1,2\nsecret-cell\n",
      "t.csv",
      "invalid_input",
      /line 11/,
    ],
    ["a quote that isn't closed", 'a,b\n1,"secret-cell\n2,3\n', "t.csv", "invalid_input", /quote/],
    ["NUL bytes", "a,b\n1,\0\n", "t.csv", "invalid_input", /NUL/],
    ["a spreadsheet", "PK\x03\x04abc", "t.csv", "invalid_input", /spreadsheet/],
    ["Parquet under a CSV name", "PAR1abc", "t.csv", "invalid_input", /Parquet/],
    ["CSV under a Parquet name", "a,b\n1,2\n", "t.parquet", "invalid_input", /isn't Parquet/],
    ["Parquet that is cut off", "PAR1abcdefgh", "t.parquet", "invalid_input", /cut off/],
    ["Parquet with a broken footer", `PAR1${"x".repeat(90)}\x08\0\0\0PAR1`, "t.parquet", "invalid_input", /damaged/],
    ["a damaged gzip", gzipSync("a,b\n1,2\n").subarray(0, 20), "t.csv.gz", "invalid_input", /damaged/],
    ["text under a gzip name", "a,b\n1,2\n", "t.csv.gz", "invalid_input", /isn't gzipped/],
    ["half a UTF-16 character", Buffer.from([0xff, 0xfe, 0x61, 0, 0x0a]), "t.csv", "invalid_input", /cut off/],
    ["JSON that isn't lines", '[{"a":1}]', "t.json", "invalid_input", /JSON lines/],
    ["a broken JSON line", '{"a":1}\n{"a":secret-cell}\n', "t.jsonl", "invalid_input", /line/],
    ["an unknown kind of file", "x", "t.xlsx", "invalid_input", /can't be loaded/],
  ])("refuses %s", async (_, content, file, code, message) => {
    const failed = await load(content, file).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code, message: expect.stringMatching(message) });
    expect((failed as Error).message).not.toContain("secret-cell");
    expect(await lake.list()).toEqual([]);
  });

  it("stops at the limits: size, unpacked size, name", async () => {
    const limits = { ...defaultIngestLimits, bytes: 5_000, unpackedBytes: 10_000 };
    const bomb = gzipSync(Buffer.from(`a,b\n${"1,2\n".repeat(100_000)}`));
    expect(bomb.length).toBeLessThan(5_000);
    await expect(load(bomb, "t.csv.gz", { limits })).rejects.toMatchObject({ message: /unpacks to more/ });
    await expect(load("a\n".repeat(5_000), "t.csv", { limits })).rejects.toMatchObject({
      message: /more than the limit/,
    });
    await expect(load("a\n1\n", "t.csv", { name: "../x" })).rejects.toMatchObject({ code: "invalid_input" });
  });
});

it("names a dataset after its file", () => {
  expect(
    ["Telco Churn (1).csv.gz", "2024-sales.parquet", "Köln.v2.csv", "___.csv", "ORDERS.TSV"].map(datasetNameOf),
  ).toEqual(["telco_churn_1", "data_2024_sales", "ko_ln_v2", "data", "orders"]);
});
