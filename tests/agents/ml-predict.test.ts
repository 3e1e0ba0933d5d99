import { agent } from "@muster/bus/agent.ts";
import { call } from "@muster/bus/call.ts";
import { openJobs, work } from "@muster/bus/job.ts";
import type { Host } from "@muster/bus/perform.ts";
import { serve } from "@muster/bus/serve.ts";
import { defineProblem } from "@muster/ml/define-problem.ts";
import { type DataPlane, openDataPlane } from "@muster/ml/serving/data-plane.ts";
import { openServingDeps } from "@muster/ml/serving/deps.ts";
import { deployModel } from "@muster/ml/tools/deploy-model.ts";
import { predict } from "@muster/ml/tools/predict.ts";
import type { Column } from "@muster/shared/domain/dataset.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import { asFault } from "@muster/shared/fault.ts";
import { compileMatrix } from "@muster/shared/features/matrix.ts";
import { duckdb } from "@muster/shared/warehouse/dialects/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { openPins, writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Bench, startBench } from "../support/process.ts";
import { type Givers, signDeployable, type Trained, trainOnLake } from "./deployable.ts";

/**
 * 900 houses with a price and 60 without, among which are towns that no priced house is in; cells are missing in every
 * column. All are scored.
 */
const housesSql = `
  SELECT 'h' || i AS id, CASE WHEN i % 19 = 7 THEN NULL ELSE (40 + (i * 37) % 160)::DOUBLE END AS size,
    CASE WHEN i % 23 = 5 THEN NULL ELSE (1 + (i * 7) % 6)::BIGINT END AS rooms,
    CASE WHEN i >= 900 AND i % 5 = 0 THEN 'Atlantis ' || i WHEN i % 17 = 3 THEN NULL
      ELSE ['Bonn', 'Kiel', 'Ulm', 'Trier'][1 + (i * 11) % 4] END AS town,
    CASE WHEN i % 29 = 4 THEN NULL ELSE i % 3 = 0 END AS heated,
    CASE WHEN i % 31 = 9 THEN NULL ELSE DATE '2001-01-01' + ((i * 97) % 7000)::INTEGER END AS built,
    CASE WHEN i < 900 THEN (40 + (i * 37) % 160) * (1.5 + ((i * 11) % 4) / 4.0) + ((i * 7919) % 30) END AS price
  FROM range(960) t(i) ORDER BY i`;
const features: Feature[] = [
  { kind: "column", name: "size", column: "size", type: "number" },
  { kind: "column", name: "rooms", column: "rooms", type: "integer" },
  { kind: "column", name: "town", column: "town", type: "text" },
  { kind: "column", name: "heated", column: "heated", type: "boolean" },
  { kind: "date_part", name: "built_year", column: "built", part: "year" },
  { kind: "ratio", name: "size_per_room", numerator: "size", denominator: "rooms" },
];
const raw = ["size", "rooms", "town", "heated", "built"] as const;
type House = Record<(typeof raw)[number], number | string | boolean | null>;

async function housesTrained(lake: Lake): Promise<Trained> {
  const now = new Date("2026-07-01T00:00:00Z");
  const written = { name: "houses", kind: "source" as const, sql: housesSql, inputs: [], origin: "a test", now };
  const manifest = await writeQuery(lake, written);
  const distinct = { id: 960, size: 160, rooms: 6, town: 16, heated: 2, built: 900, price: 800 };
  const missing = { ...Object.fromEntries(Object.keys(distinct).map((name) => [name, 0])), price: 60 };
  const facts = { manifest, timeRange: {}, distinct, missing, classes: [] };
  const problem = defineProblem({ dataset: "houses", target: "price", task: "regression", entity: "id" }, facts, null);
  return trainOnLake(lake, problem, [`houses@${manifest.version}`], features, { candidate: "xgboost_shallow" });
}

describe("the same rows as a dataset and over HTTP", () => {
  let bench: Bench;
  let plane: DataPlane;
  let lake: Lake;
  let trained: Trained;
  let houses: (House & { id: string })[];
  let scores: Record<string, unknown>[];
  const stops: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    bench = await startBench([
      { name: "gateway", kind: "door", of: "gateway", file: "" },
      ...["pipeline", "governance", "ml"].map((name) => ({ name, kind: "agent" as const, of: name, file: "" })),
      { name: "ml-serving", kind: "serving", of: "ml", file: "" },
    ]);
    const names = ["gateway", "ml", "pipeline", "governance"] as const;
    const givers = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await bench.process(name)])),
    ) as Givers;
    const deps = await openServingDeps(givers.ml);
    const ml = agent({
      ...{ name: "ml", does: "A test's agent with the tools around a live model." },
      ...{ tools: [deployModel, predict], open: async () => ({ deps }) },
    });
    const host: Host = { process: givers.ml, agent: ml, opened: { deps } };
    const jobs = openJobs(bench.redisUrl, ml);
    stops.push(await serve(host, jobs), await work(host, bench.redisUrl), jobs.close);
    const serving = await bench.process("ml-serving");
    plane = await openDataPlane({ ...serving, config: { ...serving.config, serving: "127.0.0.1:0" } });
    lake = givers.ml.lake;
    trained = await housesTrained(lake);
    // As of a forecast's step: wider where the row lies further ahead.
    trained.interval = { ...trained.interval!, scale: { feature: "rooms", edges: [4], by: [0.5, 2] } };
    const shown = await signDeployable(givers, { trained, name: "price", version: 1, asOf: null });
    const ask = (tool: string, receipts: Record<string, string>) =>
      call(givers.gateway, {
        ...{ tool, input: {}, key: tool, deadline: Date.now() + 60_000, request: shown.request },
        receipts: Object.values(receipts),
      });
    const deployed = await ask("ml.deploy_model", shown.receipts);
    const written = await ask("ml.predict", { ...shown.receipts, live: deployed.given[0]!.id });
    const { pin } = written.output as { pin: string };
    const engine = await openPins(lake, { scores: pin, houses: trained.scope[0]! });
    scores = await engine.query("SELECT * FROM scores ORDER BY id");
    houses = await engine.query(
      `SELECT id, ${raw.slice(0, 4).join(", ")}, built::VARCHAR AS built FROM houses ORDER BY id`,
    );
    engine.close();
    await vi.waitFor(async () => expect((await fetch(`${plane.url}/v2/models/price/ready`)).status).toBe(200), {
      ...{ timeout: 15_000, interval: 50 },
    });
  }, 120_000);
  afterAll(async () => {
    await plane?.close();
    for (const stop of stops) await stop();
    await bench?.stop();
  });

  const post = async (path: string, body: unknown, type = "application/json") => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(plane.url + path, { method: "POST", headers: { "content-type": type }, body: text });
    const answer = (await response.json()) as {
      error?: string;
      predictions: number[];
      outputs: { name: string; data: number[]; parameters?: { coverage: number } }[];
    };
    return { status: response.status, ...answer };
  };
  const types = { size: "FP64", rooms: "INT64", town: "BYTES", heated: "BOOL", built: "BYTES" };
  const tensors = (rows: Partial<House>[], more: Record<string, string> = {}) =>
    Object.entries({ ...types, ...more })
      .filter(([name]) => rows.some((row) => name in row))
      .map(([name, datatype]) => ({
        ...{ name, datatype, shape: [rows.length, 1] },
        data: rows.map((row) => row[name as keyof House] ?? null),
      }));
  const records = () => houses.map(({ id: _, ...row }) => row);

  test("unseen towns and missing cells get the same numbers and intervals, whichever way and protocol", async () => {
    expect(scores).toHaveLength(960);
    expect(houses.some(({ town }) => String(town).startsWith("Atlantis"))).toBe(true);
    for (const name of raw)
      expect(
        houses.some((row) => row[name] === null),
        name,
      ).toBe(true);
    const written = scores.map(({ prediction }) => prediction as number);
    expect(new Set(written).size).toBeGreaterThan(20);
    const infer = await post("/v2/models/price/infer", { inputs: tensors(records()) });
    expect(infer.outputs.map(({ name }) => name)).toEqual(["prediction", "prediction_low", "prediction_high"]);
    for (const { name, data } of infer.outputs) expect(data, name).toEqual(scores.map((row) => row[name]));
    const json = await post("/invocations?model=price", { dataframe_records: records() });
    expect(json.predictions).toEqual(written);
    const cells = records().map((row) => raw.map((name) => row[name] ?? "").join(","));
    const csv = await post("/invocations?model=price", `${raw.join(",")}\n${cells.join("\n")}\n`, "text/csv");
    expect(csv.predictions).toEqual(written);
  });

  test("an interval is around its number, as wide as the residuals of its group, and named with its coverage", async () => {
    const interval = trained.interval!;
    expect(interval.coverage).toBe(0.9);
    for (const [i, row] of scores.entries()) {
      const [low, value, high] = [row.prediction_low, row.prediction, row.prediction_high] as number[];
      expect(low!).toBeLessThan(high!);
      const group = interval.edges.filter((edge) => edge <= value!).length;
      // Where nothing says how far ahead it lies, it is the widest.
      const by = Number(houses[i]!.rooms ?? 4) < 4 ? 0.5 : 2;
      expect(high! - low!).toBeCloseTo(by * (interval.high[group]! - interval.low[group]!), 9);
    }
    const metadata = (await (await fetch(`${plane.url}/v2/models/price`)).json()) as {
      outputs: { name: string; parameters?: { coverage: number } }[];
    };
    expect(metadata.outputs).toContainEqual(
      expect.objectContaining({ name: "prediction_low", parameters: { coverage: 0.9 } }),
    );
  });

  const relation = (columns: readonly Column[]) => ({ relation: "houses", columns });
  const compiled = async (change: (columns: readonly Column[]) => readonly Column[]) => {
    const { columns } = await lake.manifest(trained.scope[0]!);
    const table = relation(change(columns));
    return compileMatrix(
      duckdb,
      trained.problem,
      trained.view,
      { dataset: table, tables: { houses: table } },
      "scoring",
    );
  };

  test("a column that is missing is refused by name on every way", async () => {
    const without = records().map(({ town: _, ...row }) => row);
    const infer = await post("/v2/models/price/infer", { inputs: tensors(without) });
    const json = await post("/invocations?model=price", { dataframe_records: without });
    for (const answer of [infer, json])
      expect(answer).toMatchObject({ status: 400, error: expect.stringMatching(/town/) });
    const error = asFault(await compiled((all) => all.filter(({ name }) => name !== "town")).catch((e: unknown) => e));
    expect(error).toMatchObject({ code: "not_found", message: expect.stringMatching(/town/) });
  });

  test("a column of another type is refused by name on every way, and nothing is guessed from digits in quotes", async () => {
    const rows = records().map((row) => ({ ...row, size: String(row.size ?? 50) }));
    const infer = await post("/v2/models/price/infer", { inputs: tensors(rows, { size: "BYTES" }) });
    const json = await post("/invocations?model=price", { dataframe_records: rows });
    for (const answer of [infer, json])
      expect(answer).toMatchObject({ status: 400, error: expect.stringMatching(/size/) });
    const text = (all: readonly Column[]) =>
      all.map((one): Column => (one.name === "size" ? { ...one, type: "text" } : one));
    const error = asFault(await compiled(text).catch((e: unknown) => e));
    expect(error).toMatchObject({ code: "invalid_input", message: expect.stringMatching(/size/) });
  });

  test("a column more isn't read: not from a dataset, and over HTTP where the caller says so", async () => {
    const more = await compiled((all) => [...all, { name: "colour", type: "text" }]);
    const { columns, rawColumns } = await compiled((all) => all);
    expect(more).toMatchObject({ columns, rawColumns });
    expect(rawColumns.map(({ name }) => name)).not.toContain("colour");
    const rows = records().map((row) => ({ ...row, colour: "red" }));
    const refused = await post("/invocations?model=price", { dataframe_records: rows });
    expect(refused).toMatchObject({ status: 400, error: expect.stringMatching(/colour/) });
    const answer = await post("/invocations?model=price&extra=ignore", { dataframe_records: rows });
    expect(answer.predictions).toEqual(scores.map(({ prediction }) => prediction));
  });
});
