import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "@muster/shared/random.ts";
import { rocAuc } from "@muster/shared/stats/metrics.ts";
import { describe, expect, test } from "vitest";
import { takeRows } from "../encode.ts";
import { type Labels, labelsFromNames, takeLabels } from "../labels.ts";
import type { FeatureColumn } from "../matrix.ts";
import { fitCandidate } from "../training/fit-candidate.ts";
import { loadXgboost } from "../xgboost/library.ts";
import { type Point, randomPoint } from "./space.ts";
import { tunables } from "./spaces.ts";
import { proposeTpe, type Tried } from "./tpe.ts";

const file = join(import.meta.dirname, "../../../../shared/datasets/phoneme/phoneme.csv");
const present = existsSync(file);
if (!present) console.warn(`skipped: no data at ${file}`);

const rows = 1_200;
const trials = 30;
const seeds = [1, 2, 3, 4, 5, 6];

describe.skipIf(!present)("on phonemes", () => {
  test("TPE's best forest of 30 is better than random search's, on average over six seeds", () => {
    const { columns, labels } = read();
    const xgboost = loadXgboost(null);
    const shape = { task: "binary", rows, numbers: 5, categories: 0, classes: 2, minority: 300, folds: 2 } as const;
    const { space, paramsOf } = tunables(shape, ["random_forest"])[0]!;
    const odd = Int32Array.from({ length: rows / 2 }, (_, i) => 2 * i + 1);
    const even = odd.map((row) => row - 1);
    const context = { xgboost, threads: 1, seed: 1, inner: () => [], onStep: () => {} };
    /** 1 − AUC of small forests of a setting, learned on every other row and judged on those between. */
    const loss = (point: Point): number => {
      const params = paramsOf(point);
      if (params.algorithm !== "random_forest") throw new Error("only forests are tried");
      const small = { ...params, trees: { ...params.trees, parallelTrees: 25 } };
      const candidate = { name: "forest", params: small, why: "", work: 0 };
      const fitted = fitCandidate(candidate, takeRows(columns, odd), takeLabels(labels, odd), context);
      const [margins] = fitted.margins(takeRows(columns, even));
      fitted.free();
      return 1 - rocAuc(takeLabels(labels, even).values, margins!);
    };
    const best = (propose: (tried: Tried[]) => Point): number => {
      const tried: Tried[] = [];
      for (let i = 0; i < trials; i++) {
        const point = propose(tried);
        tried.push({ point, loss: loss(point) });
      }
      return Math.min(...tried.map((one) => one.loss));
    };
    const pairs = seeds.map((seed) => {
      const [forTpe, forRandom] = [seededRandom(seed), seededRandom(seed)];
      return {
        tpe: best((tried) => proposeTpe(space, tried, forTpe, { startup: 8 })),
        random: best(() => randomPoint(space, forRandom)),
      };
    });
    const mean = (of: "tpe" | "random") => pairs.reduce((sum, pair) => sum + pair[of], 0) / pairs.length;
    expect(mean("tpe")).toBeLessThan(mean("random"));
    expect(pairs.filter(({ tpe, random }) => tpe < random).length).toBeGreaterThan(seeds.length / 2);
  }, 120_000);
});

function read(): { columns: FeatureColumn[]; labels: Labels } {
  const lines = readFileSync(file, "utf8")
    .split("\n", rows)
    .map((line) => line.trim().split(","));
  const columns = Array.from({ length: 5 }, (_, c): FeatureColumn => {
    return { name: `c${c}`, type: "number", values: Float64Array.from(lines, (line) => Number(line[c])) };
  });
  return {
    columns,
    labels: labelsFromNames(
      lines.map((line) => line[5]!),
      "binary",
      "1",
    ),
  };
}
