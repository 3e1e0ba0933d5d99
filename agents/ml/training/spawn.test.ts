import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashOf } from "@muster/shared/canonical.ts";
import { asFault } from "@muster/shared/fault.ts";
import { openEngine, quoteLiteral } from "@muster/shared/warehouse/duckdb.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ProbeAnswer } from "../worker/probe.ts";
import type { TrainJob } from "./job.ts";
import { selectCandidates } from "./select-candidates.ts";
import { confinement, startChild, trainInChild } from "./spawn.ts";

let folder: string;
let own: string;
let neighbour: string;

const write = async (file: string, sql: string) => {
  const engine = await openEngine({ files: [file], memoryMb: 200, threads: 1 });
  await engine.run(`COPY (${sql}) TO ${quoteLiteral(file)} (FORMAT parquet)`);
  engine.close();
};

/** `rows` rows with two repeated entities' worth of gaps, a null category and an infinite number. */
const matrixSql = (rows: number) => `
  SELECT i::INTEGER AS __row, 'e' || i AS __entity, NULL::TIMESTAMP AS __cutoff,
    CASE WHEN sin(i) + 0.3 * cos(i * 7.3) > 0.4 THEN 'yes' ELSE 'no' END AS __label,
    CASE WHEN i % 11 = 0 THEN NULL WHEN i = 5 THEN 'infinity'::DOUBLE ELSE sin(i) END AS wave,
    ((i * 7919) % 1009)::DOUBLE / 1009 AS noise,
    CASE WHEN i % 13 = 0 THEN NULL ELSE 'kind ' || (i % 4) END AS "kind of it"
  FROM range(${rows}) t(i)`;

const job = (file: string): TrainJob => ({
  file,
  task: "binary",
  metric: "roc_auc",
  positive: "yes",
  features: [
    { name: "wave", type: "number" },
    { name: "noise", type: "number" },
    { name: "kind of it", type: "category" },
  ],
  candidates: selectCandidates({
    task: "binary",
    rows: 400,
    numbers: 2,
    categories: 1,
    classes: 2,
    minority: 100,
    folds: 3,
  }).slice(0, 3),
  folds: 3,
  time: null,
  costs: null,
  seed: 1,
  threads: 1,
  cpuSecondsLimit: 120,
  memoryLimitMb: 2000,
  xgboostLibrary: null,
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-training-"));
  own = join(folder, "training.parquet");
  neighbour = join(folder, "holdout.parquet");
  await write(own, matrixSql(400));
  await write(neighbour, matrixSql(50));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a training process", () => {
  test("trains on its file, says what it does, and measures what it used", async () => {
    const stages = new Set<string>();
    const result = await trainInChild(job(own), {
      onProgress: ({ stage, candidate }) => stages.add(`${stage} ${candidate}`),
    });
    expect(result.fitted.classes).toEqual(["no", "yes"]);
    expect(result.board.find(({ chosen }) => chosen)!.cv.roc_auc!.mean).toBeGreaterThan(0.9);
    expect(result.oof.prediction[1]).toBeInstanceOf(Float64Array);
    expect(stages).toContain("read null");
    expect(stages).toContain("race linear");
    expect(result.peakMemoryMb).toBeGreaterThan(50);
    expect(result.cpuSeconds).toBeGreaterThan(0.1);
    const again = await trainInChild(job(own));
    expect(hashOf(again.fitted)).toBe(hashOf(result.fitted));
    expect(again.boosters).toEqual(result.boosters);
  }, 60_000);

  test("opens its own file and no other, by Node or by DuckDB; writes nothing and starts nothing", async () => {
    const probe = fork(join(import.meta.dirname, "../worker/probe.ts"), {
      execArgv: confinement(own, null),
      env: {},
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    probe.send({ own, neighbour });
    const [answer] = (await once(probe, "message")) as [ProbeAnswer];
    expect(answer).toEqual({
      nodeOwn: "opened",
      nodeNeighbour: "ERR_ACCESS_DENIED",
      nodeList: "ERR_ACCESS_DENIED",
      nodeWrite: "ERR_ACCESS_DENIED",
      nodeStart: "ERR_ACCESS_DENIED",
      duckdbOwn: "opened",
      duckdbNeighbour: expect.stringMatching(/internal|denied/),
    });
    expect(existsSync(`${own}.copy`)).toBe(false);
  }, 30_000);

  test("refuses a job about a file it wasn't granted", async () => {
    const start = () => startChild(own, null);
    const error = asFault(await trainInChild(job(neighbour), { start }).catch((e: unknown) => e));
    expect(error.code).toBe("denied");
  }, 30_000);

  test("is ended when it needs more memory than allowed, with the measured peak", async () => {
    const error = asFault(await trainInChild({ ...job(own), memoryLimitMb: 30 }).catch((e: unknown) => e));
    expect(error.code).toBe("unfit");
    expect(error.data.peakMemoryMb).toBeGreaterThan(30);
  }, 30_000);

  test("is ended when cancelled, before and while it runs", async () => {
    const early = await trainInChild(job(own), { signal: AbortSignal.abort() }).catch((e: unknown) => e);
    expect(asFault(early).code).toBe("cancelled");
    const controller = new AbortController();
    let child: ReturnType<typeof startChild> | undefined;
    const error = await trainInChild(job(own), {
      signal: controller.signal,
      onProgress: () => controller.abort(),
      start: (...granted) => {
        child = startChild(...granted);
        return child;
      },
    }).catch((e: unknown) => e);
    expect(asFault(error).code).toBe("cancelled");
    expect(child?.signalCode).toBe("SIGKILL");
  }, 30_000);

  test("passes on what it can't do: rows without a label, an absent feature, one class", async () => {
    const refuse = async (name: string, sql: string, code: string, words: string) => {
      const file = join(folder, `${name}.parquet`);
      await write(file, sql);
      const error = asFault(await trainInChild(job(file)).catch((e: unknown) => e));
      expect({ code: error.code, message: error.message }).toEqual({ code, message: expect.stringContaining(words) });
    };
    await refuse(
      "unlabelled",
      `SELECT * REPLACE (CASE WHEN __row < 3 THEN NULL ELSE __label END AS __label) FROM (${matrixSql(40)})`,
      "unfit",
      "3 rows have no label",
    );
    await refuse("absent", `SELECT * EXCLUDE (wave) FROM (${matrixSql(40)})`, "invalid_input", "no column wave");
    await refuse("one class", `SELECT * REPLACE ('no' AS __label) FROM (${matrixSql(40)})`, "unfit", "one class only");
  }, 60_000);
});
