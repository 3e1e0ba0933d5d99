import { sha256 } from "@muster/shared/canonical.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import { encode } from "../encode.ts";
import { checkSums } from "../explain.ts";
import type { FittedModel } from "../fitted.ts";
import type { Labels } from "../labels.ts";
import type { FeatureColumn } from "../matrix.ts";
import { compile } from "../onnx/compile.ts";
import { openModel } from "../onnx/run.ts";
import { predictFitted } from "../score.ts";
import { pathContributions } from "../scoring/path-attribution.ts";
import { treeContributions } from "../tree-shap.ts";
import { loadBooster } from "../xgboost/booster.ts";
import { loadXgboost } from "../xgboost/library.ts";
import { engineMatrix } from "../xgboost/matrix.ts";
import { fitCandidate } from "./fit-candidate.ts";
import type { CandidateParams } from "./job.ts";
import { selectCandidates } from "./select-candidates.ts";
import { verifyGraph } from "./verify-graph.ts";

const xgboost = loadXgboost();
const rows = 1_500;
const random = seededRandom(12);
const town = Array.from({ length: rows }, (_, i) => (i % 29 === 0 ? "" : `town ${Math.floor(45 * random())}`));
const size = Float64Array.from({ length: rows }, (_, i) => (i % 13 === 0 ? Number.NaN : normal(random)));
const columns: FeatureColumn[] = [
  { name: "town", type: "category", values: town },
  { name: "size", type: "number", values: size },
];
const shift = (name: string) => ((Number(name.slice(5)) * 7919) % 5) - 2;
const value = town.map((name, i) => shift(name) + (Number.isNaN(size[i]!) ? 1 : size[i]!) + 0.5 * normal(random));
const labelsOf = {
  binary: { task: "binary", classes: ["no", "yes"], values: Float64Array.from(value, (v) => (v > 0.5 ? 1 : 0)) },
  multiclass: {
    ...{ task: "multiclass", classes: ["a", "b", "c"] },
    values: Float64Array.from(value, (v) => (v > 1 ? 2 : v > -1 ? 1 : 0)),
  },
  regression: { task: "regression", classes: [], values: Float64Array.from(value) },
} satisfies Record<string, Labels>;

/** Rows that the model meets: those it was trained on, and ones with unseen and missing towns. */
const met: FeatureColumn[] = [
  { name: "town", type: "category", values: [...town.slice(0, 100), "nowhere", "", "TOWN 3"] },
  { name: "size", type: "number", values: Float64Array.from([...size.slice(0, 100), 0.1, Number.NaN, -2]) },
];

const kinds = ["xgboost_shallow", "xgboost_deep", "random_forest"];
describe.each(["binary", "multiclass", "regression"] as const)("sets of categories in a %s model", (task) => {
  const labels = labelsOf[task];
  test.each(kinds)("of %s: scored, served and explained as the engine does", async (kind) => {
    const shape = { task, rows, numbers: 1, categories: 1, classes: 3, minority: 200, folds: 3 };
    const candidate = selectCandidates(shape).find(({ name }) => name === kind)!;
    const params = { ...candidate.params, categories: "native" } as Extract<CandidateParams, { trees: object }>;
    const { rounds, parallelTrees } = params.trees;
    params.trees = { ...params.trees, rounds: Math.min(rounds, 25), parallelTrees: Math.min(parallelTrees, 10) };
    const places = Int32Array.from({ length: rows }, (_, i) => i);
    const split = { train: places.filter((i) => i % 5 !== 0), valid: places.filter((i) => i % 5 === 0) };
    const fitted = fitCandidate({ ...candidate, params }, columns, labels, {
      ...{ xgboost, threads: 1, seed: 2, inner: () => [split], onStep: () => {} },
    });
    const model: FittedModel = {
      ...{ task, classes: labels.classes, ...fitted.encoding, estimator: fitted.estimator() },
      ...{ calibration: { kind: "none" }, threshold: task === "binary" ? 0.4 : null },
    };
    const engine = fitted.margins(met);
    const bytes = fitted.boosters()[0]!;
    fitted.free();
    expect(model.encoding.map(({ op }) => op)).toEqual(["ordinal", "number"]);
    const { estimator } = model;
    if (estimator.kind !== "trees") throw new Error("trees were to be grown");
    const sets = estimator.trees.flatMap(({ members }) => members?.filter((set) => set !== null) ?? []);
    // Sets of several codes, not one against the rest alone.
    expect(sets.some((set) => set.length > 1)).toBe(true);

    const plain = predictFitted(model, met);
    for (const [k, margins] of engine.entries())
      for (const [row, margin] of margins.entries()) expect(plain.margins[k]![row]!).toBeCloseTo(margin, 5);

    const graph = compile(model);
    const { worst } = await verifyGraph(graph, model, met, 103);
    expect(worst).toBeLessThanOrEqual(1e-6);
    const open = await openModel(graph, { expectedSha256: sha256(graph) });
    const answer = await open.run(met, 103);
    await open.close();
    for (const [k, margins] of plain.margins.entries())
      for (const [row, margin] of margins.entries())
        expect(answer.margins[row * plain.margins.length + k]!).toBeCloseTo(margin, 6);

    const design = encode(model, met);
    const ours = treeContributions(estimator, design);
    const paths = pathContributions(estimator, design);
    const booster = loadBooster(xgboost, bytes, 1);
    const matrix = engineMatrix(xgboost, design, { threads: 1, types: ["c", "q"] });
    const theirs = booster.contributions(matrix);
    matrix.free();
    booster.free();
    for (const [k, output] of ours.entries()) {
      checkSums(output, plain.margins[k]!);
      checkSums(paths[k]!, plain.margins[k]!);
      for (let row = 0; row < design.rows; row++)
        for (let c = 0; c < 2; c++)
          expect(output.values[row * 2 + c]!).toBeCloseTo(theirs.values[(row * theirs.outputs + k) * 3 + c]!, 4);
    }
  });
});
