import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import { takeRows } from "../../encode.ts";
import type { Labels } from "../../labels.ts";
import type { FeatureColumn } from "../../matrix.ts";
import { predictFitted } from "../../score.ts";
import { loadXgboost } from "../../xgboost/library.ts";
import { fitCandidate } from "../fit-candidate.ts";
import { selectCandidates } from "../select-candidates.ts";
import { type CompactColumn, codeOf, edgesOf, missingCode, mostBins } from "./compact.ts";
import { fitStreamedTrees } from "./fit-streamed.ts";

const xgboost = loadXgboost();
const rows = 6_000;
const random = seededRandom(4);
const columns: FeatureColumn[] = [
  {
    name: "amount",
    type: "number",
    values: Float64Array.from({ length: rows }, (_, i) => (i % 23 === 0 ? Number.NaN : 100 * normal(random))),
  },
  { name: "stars", type: "number", values: Float64Array.from({ length: rows }, () => Math.floor(5 * random())) },
  {
    name: "shop",
    type: "category",
    values: Array.from({ length: rows }, (_, i) => (i % 31 === 0 ? "" : `shop ${Math.floor(60 * random())}`)),
  },
];
const [amount, stars] = columns.map(({ values }) => values as Float64Array) as [Float64Array, Float64Array];
const shop = columns[2]!.values as string[];
const score = (i: number) =>
  (amount[i]! || 0) / 100 + stars[i]! / 2 + (Number(shop[i]!.slice(5)) % 3) - 2 + normal(random);
const labels: Labels = {
  ...{ task: "binary", classes: ["no", "yes"] },
  values: Float64Array.from({ length: rows }, (_, i) => (score(i) > 0 ? 1 : 0)),
};

/** The columns as a compact reader keeps them. */
const compact = columns.map((column): CompactColumn => {
  if (column.type === "number") {
    const edges = edgesOf(column.values, mostBins);
    return { name: column.name, type: "number", edges, codes: Uint8Array.from(column.values, (x) => codeOf(x, edges)) };
  }
  const words = ["", ...new Set(column.values.filter((word) => word !== ""))];
  return { name: column.name, type: "category", words, codes: Uint8Array.from(column.values, (w) => words.indexOf(w)) };
});

const all = Int32Array.from({ length: rows }, (_, i) => i);
const train = all.filter((i) => i % 4 !== 0);
const valid = all.filter((i) => i % 4 === 0);
const inner = () => [
  {
    train: train.map((_, i) => i).filter((i) => i % 5 !== 0),
    valid: train.map((_, i) => i).filter((i) => i % 5 === 0),
  },
];
const context = { xgboost, threads: 1, seed: 9, inner, onStep: () => {} };
const shape = { task: "binary" as const, rows, numbers: 2, categories: 1, classes: 2, minority: 2_000, folds: 3 };
const candidates = selectCandidates(shape);

describe("bins of a number", () => {
  test("split values exactly as their edges do, missing ones and those beyond the sample too", () => {
    const edges = edgesOf(amount, mostBins);
    expect(edges.length).toBeLessThanOrEqual(mostBins);
    expect(codeOf(Number.NaN, edges)).toBe(missingCode);
    expect([codeOf(-1e9, edges), codeOf(1e9, edges)]).toEqual([0, edges.length - 1]);
    for (const x of amount.filter((value) => !Number.isNaN(value)))
      for (const at of [1, 60, edges.length - 1]) expect(codeOf(x, edges) < at).toBe(Math.fround(x) < edges[at]!);
  });

  test("are the values themselves where those are few", () => {
    expect(Array.from(edgesOf(stars, mostBins))).toEqual([0, 1, 2, 3, 4]);
  });
});

test("rows are scored alike however many there are: part after part in the same memory", () => {
  const { params } = candidates.find(({ name }) => name === "xgboost_shallow")!;
  const fitted = fitStreamedTrees(params as Parameters<typeof fitStreamedTrees>[0], compact, labels, train, context);
  const [once] = fitted.margins(valid);
  // A design of 14 columns is scored 18,724 rows at a time.
  const [often] = fitted.margins(
    Int32Array.from({ length: 26 * valid.length + 7 }, (_, i) => valid[i % valid.length]!),
  );
  fitted.free();
  expect(often!.every((margin, i) => margin === once![i % valid.length])).toBe(true);
});

describe.each(["xgboost_shallow", "random_forest"])("%s on streamed rows", (name) => {
  const candidate = candidates.find((one) => one.name === name)!;
  const params = candidate.params as Extract<typeof candidate.params, { trees: object }>;

  test.each(["encoded", "native"] as const)(
    "with %s categories says of raw rows exactly what it says of compact ones",
    (categories) => {
      const fitted = fitStreamedTrees({ ...params, categories }, compact, labels, train, context);
      const model = {
        ...{ task: labels.task, classes: labels.classes, ...fitted.encoding, estimator: fitted.estimator() },
        ...{ calibration: { kind: "none" as const }, threshold: 0.5 },
      };
      const [streamed] = fitted.margins(valid);
      fitted.free();
      const { margins } = predictFitted(model, takeRows(columns, valid));
      // Sums of leaves are rounded to float32 in another order.
      for (const [row, margin] of margins[0]!.entries()) expect(streamed![row]!).toBeCloseTo(margin, 5);
    },
  );

  test("learns what it learns in memory: the same encoding, and as good on rows it hasn't seen", () => {
    const streamed = fitStreamedTrees(params, compact, labels, train, context);
    const own = { ...labels, values: Float64Array.from(train, (row) => labels.values[row]!) };
    const dense = fitCandidate(candidate, takeRows(columns, train), own, context);
    expect(streamed.encoding).toEqual(dense.encoding);
    const loss = (margins: Float64Array) =>
      valid.reduce((sum, row, i) => sum + Math.log1p(Math.exp((labels.values[row] ? -1 : 1) * margins[i]!)), 0) /
      valid.length;
    const [a, b] = [loss(streamed.margins(valid)[0]!), loss(dense.margins(takeRows(columns, valid))[0]!)];
    expect(b).toBeLessThan(0.55);
    expect(Math.abs(a - b)).toBeLessThan(0.01);
    streamed.free();
    dense.free();
  });
});
