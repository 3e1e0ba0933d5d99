import { expect, test } from "vitest";
import type { FittedModel } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import { compile } from "../onnx/compile.ts";
import { verifyGraph } from "./verify-graph.ts";

const model = (coefficient: number, threshold: number): FittedModel => ({
  task: "binary",
  classes: ["no", "yes"],
  inputs: [{ name: "x", type: "number" }],
  encoding: [{ op: "number", input: 0, impute: 0, mean: 0, scale: 1 }],
  estimator: { kind: "linear", coefficients: [[coefficient]], intercept: [0.2], link: "logistic" },
  calibration: { kind: "none" },
  threshold,
});
const columns: FeatureColumn[] = [
  { name: "x", type: "number", values: Float64Array.from({ length: 2500 }, (_, i) => Math.sin(i)) },
];

test("a graph of the model passes, over all parts of the rows", async () => {
  const { rows, worst } = await verifyGraph(compile(model(1, 0.5)), model(1, 0.5), columns, 2500);
  expect(rows).toBe(2500);
  expect(worst).toBeLessThanOrEqual(1e-5);
});

test("a graph of another model doesn't, by its margin or by its label alone", async () => {
  const graph = compile(model(1, 0.5));
  await expect(verifyGraph(graph, model(1.001, 0.5), columns, 2500)).rejects.toMatchObject({ code: "internal" });
  await expect(verifyGraph(graph, model(1, 0.55), columns, 2500)).rejects.toMatchObject({
    data: { flipped: expect.any(Number) },
  });
});
