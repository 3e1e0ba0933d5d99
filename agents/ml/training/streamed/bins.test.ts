import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import { loadXgboost } from "../../xgboost/library.ts";
import { quantileMatrix } from "../../xgboost/quantile-matrix.ts";
import { trainTrees } from "../../xgboost/train.ts";
import { binsOf } from "./bins.ts";

const random = seededRandom(6);
const rows = Int32Array.from({ length: 4_000 }, (_, i) => 4_999 - i);
/** Code 7 is every other row's, 9 is missing, 3 belongs to rows alone that aren't asked for. */
const codes = Uint8Array.from({ length: 5_000 }, (_, i) =>
  i < 1_000 ? 3 : i % 2 === 0 ? 7 : [0, 1, 2, 4, 5, 6, 8, 9][Math.floor(8 * random())]!,
);
const table = Float32Array.from({ length: 10 }, (_, code) => (code === 9 ? Number.NaN : 10 - code));

describe("where bins of a coded column begin", () => {
  test("is at each value that the rows have, in order, where they are few enough", () => {
    expect(Array.from(binsOf({ codes, table, own: null }, rows, 8))).toEqual([2, 3, 4, 5, 6, 8, 9, 10]);
  });

  test("is at about equal shares of the rows where there are more", () => {
    const begins = Array.from(binsOf({ codes, table, own: null }, rows, 4));
    expect(begins.length).toBeLessThanOrEqual(4);
    const known = Array.from(rows, (row) => table[codes[row]!]!).filter((value) => !Number.isNaN(value));
    const bin = (value: number) => begins.findLastIndex((begin) => begin <= value);
    const sizes = begins.map((_, b) => known.filter((value) => bin(value) === b).length);
    const ordinary = Math.max(...[2, 4, 5, 6, 8, 9, 10].map((one) => known.filter((value) => value === one).length));
    // The value of half of the rows can't be split; of others a bin has a quarter of the rows and at most one value more.
    for (const [b, size] of sizes.entries())
      if (b !== bin(3)) expect(size).toBeLessThanOrEqual(known.length / 4 + ordinary);
    expect(begins[0]).toBe(2);
    expect(begins.length).toBeGreaterThanOrEqual(3);
  });

  test("counts a training row by its own statistic, and the codes of others not at all", () => {
    const folds = Uint8Array.from(rows, (_, place) => place % 2);
    const tables = [table, table.map((value) => value + 0.5)];
    const begins = Array.from(binsOf({ codes, table, own: { folds, tables } }, rows, 256));
    const expected = new Set(Array.from(rows, (row, place) => tables[place % 2]![codes[row]!]!));
    expect(begins).toEqual([...expected].filter((value) => !Number.isNaN(value)).sort((a, b) => a - b));
    expect(begins).not.toContain(table[3]);
  });
});

test("the engine grows the same trees on bins that are given as on those it sought itself", () => {
  const xgboost = loadXgboost();
  const length = 3_000;
  const values = Float32Array.from({ length: 2 * length }, () => Math.round(40 * random()) / 4);
  const labels = Float32Array.from({ length }, (_, i) => Number(values[2 * i]! - values[2 * i + 1]! + random() > 0));
  const source = (given: Float32Array, columns = 2) => ({
    ...{ rows: given.length / columns, columns },
    fill: (start: number, end: number, into: Float32Array) => into.set(given.subarray(start * columns, end * columns)),
  });
  const grown = (reference?: ReturnType<typeof quantileMatrix>) => {
    const matrix = quantileMatrix(xgboost, source(values), { bins: 64, threads: 1, labels, reference });
    const { booster } = trainTrees(xgboost, matrix, {
      params: {
        ...{ rounds: 5, parallelTrees: 1, learningRate: 0.3, maxDepth: 4, minChildWeight: 1, lambda: 1, gamma: 0 },
        ...{ subsample: 1, columnsPerTree: 1, columnsPerSplit: 1, maxBins: 64 },
      },
      ...{ objective: { link: "logistic", groups: 1, baseScore: 0.5 }, seed: 1, threads: 1 },
    });
    matrix.free();
    const bytes = Buffer.from(booster.save("json")).toString();
    booster.free();
    return bytes;
  };
  const distinct = (column: number) => [...new Set(values.filter((_, i) => i % 2 === column))].sort((a, b) => a - b);
  const [a, b] = [distinct(0), distinct(1)];
  expect(a.length).toBe(b.length);
  const given = quantileMatrix(xgboost, source(Float32Array.from(a.flatMap((value, i) => [value, b[i]!]))), {
    ...{ bins: 64, threads: 1 },
  });
  expect(grown(given)).toBe(grown());
  given.free();
});
