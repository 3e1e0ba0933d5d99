import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asFault } from "@muster/shared/fault.ts";
import { openEngine, quoteLiteral } from "@muster/shared/warehouse/duckdb.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planFolds } from "../fold-plan.ts";
import { readTrainingSet, type TrainingFile } from "../read-training-set.ts";
import { codeOf } from "./compact.ts";
import { readCompactSet } from "./read-compact.ts";

let folder: string;
const rows = 3_000;

/** Rows out of order, of entities that come four times, with gaps; `time` as the cutoff where it is given. */
const written = async (name: string, time: string, entities = 750): Promise<TrainingFile> => {
  const file = join(folder, `${name}.parquet`);
  const engine = await openEngine({ files: [file], memoryMb: 200, threads: 1 });
  await engine.run(`COPY (
    SELECT i::INTEGER AS __row, 'e' || (i % ${entities}) AS __entity, ${time} AS __cutoff,
      CASE WHEN i % 7 < 2 THEN 'yes' ELSE 'no' END AS __label,
      CASE WHEN i % 11 = 0 THEN NULL WHEN i = 5 THEN 'infinity'::DOUBLE ELSE sin(i) END AS wave, (i % 4)::DOUBLE AS step,
      CASE WHEN i % 13 = 0 THEN NULL ELSE 'kind ' || (i % 300) END AS kind
    FROM range(${rows}) t(i) ORDER BY hash(i)) TO ${quoteLiteral(file)} (FORMAT parquet)`);
  engine.close();
  return {
    ...{ file, task: "binary", positive: "yes", time: null, threads: 1, memoryMb: 200 },
    known: { gapDays: 0, horizon: { count: 4, unit: "day" }, delayDays: 1 },
    features: [
      { name: "wave", type: "number" },
      { name: "step", type: "number" },
      { name: "kind", type: "category" },
    ],
  };
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-compact-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each([
  ["whole entities", "NULL::TIMESTAMP", "grouped"],
  ["blocks of time", "TIMESTAMP '2026-01-01' + INTERVAL 1 DAY * (i % 40)", "time"],
])("a file whose folds are %s", (name, time, kind) => {
  test("is split compact exactly as in memory: nothing of an entity or a later time gets across", async () => {
    const source = await written(name, time);
    const [dense, compact] = [await readTrainingSet(source), await readCompactSet(source)];
    expect(compact.row).toEqual(dense.row);
    expect(compact.time).toEqual(dense.time);
    expect(compact.known).toEqual(dense.known);
    expect(dense.known?.[0]).toBe(kind === "time" ? dense.time![0]! + 5 * 86_400_000 : undefined);
    expect(compact.labels).toEqual(dense.labels);
    const [a, b] = [planFolds(dense.labels, dense, 4, 3), planFolds(compact.labels, compact, 4, 3)];
    expect(b.kind).toBe(kind);
    expect(b.splits).toEqual(a.splits);
    for (const { train, valid } of b.splits) {
      if (kind === "time") {
        const latest = Math.max(...Array.from(train, (row) => dense.time![row]!));
        expect(Math.min(...Array.from(valid, (row) => dense.time![row]!))).toBeGreaterThan(latest);
      } else {
        const trained = new Set(Array.from(train, (row) => dense.entity![row]!));
        expect(Array.from(valid).some((row) => trained.has(dense.entity![row]!))).toBe(false);
      }
      expect(b.inner(train, 3, 1)).toEqual(a.inner(train, 3, 1));
    }
  });
});

test("keeps every value as its bin or word, missing and infinite ones as missing, in the order of the rows", async () => {
  const source = await written("values", "NULL::TIMESTAMP");
  const dense = await readTrainingSet(source);
  const { columns, sample } = (await readCompactSet(source)).compact!;
  expect(sample).toHaveLength(rows);
  for (const [i, column] of columns.entries()) {
    const { values } = dense.columns[i]!;
    if (column.type === "category") expect(Array.from(column.codes, (code) => column.words[code]!)).toEqual(values);
    else expect(Array.from(column.codes)).toEqual(Array.from(values as Float64Array, (x) => codeOf(x, column.edges)));
  }
});

test("entities that come once each are not kept, and rows are split as in memory", async () => {
  const source = await written("once", "NULL::TIMESTAMP", rows);
  const [dense, compact] = [await readTrainingSet(source), await readCompactSet(source)];
  expect(compact.entity).toBeNull();
  const [a, b] = [planFolds(dense.labels, dense, 4, 3), planFolds(compact.labels, compact, 4, 3)];
  expect({ kind: b.kind, why: b.why, splits: b.splits }).toEqual({ kind: a.kind, why: a.why, splits: a.splits });
});

test("a share of the rows is the same rows every time and both ways, evenly spread; faults are the usual ones", async () => {
  const source = await written("share", "NULL::TIMESTAMP");
  const part = { ...source, share: 0.25 };
  const [dense, compact] = [await readTrainingSet(part), await readCompactSet(part)];
  expect(compact.row).toEqual(dense.row);
  expect(compact.row.length / rows).toBeCloseTo(0.25, 2);
  for (let from = 0; from < rows; from += 500) {
    const share = compact.row.filter((row) => row >= from && row < from + 500).length / 500;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.02);
  }
  const features = [{ name: "nowhere", type: "number" as const }];
  expect(asFault(await readCompactSet({ ...source, features }).catch((e: unknown) => e)).code).toBe("invalid_input");
});
