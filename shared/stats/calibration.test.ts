import { describe, expect, it } from "vitest";
import { calibrationReport, fitPlatt, fitTemperature } from "./calibration.ts";

const margins = [-2, -1.5, -0.3, 0.2, 0.9, 1.4, 2.2, -0.7, 0.1, 3];
const labels = [0, 0, 1, 0, 1, 1, 1, 0, 1, 1];

describe("Platt's scaling", () => {
  it("finds the minimum that scipy finds on his smoothed targets", () => {
    // scipy 1.17.1 optimize.minimize (BFGS) of the same loss; scikit-learn's _sigmoid_calibration agrees.
    const { slope, intercept } = fitPlatt(margins, labels);
    expect(slope).toBeCloseTo(0.91915445, 6);
    expect(intercept).toBeCloseTo(0.24223903, 6);
  });
  it("stays finite where the margins separate the classes", () => {
    const { slope, intercept } = fitPlatt([-3, -2, -1, 1, 2, 3], [0, 0, 0, 1, 1, 1]);
    expect(Number.isFinite(slope) && Number.isFinite(intercept)).toBe(true);
    expect(slope).toBeGreaterThan(0);
  });
  it("refuses one class", () => {
    expect(() => fitPlatt([1, 2], [1, 1])).toThrow(expect.objectContaining({ code: "unfit" }));
  });
});

describe("temperature", () => {
  const p = [
    [0.7, 0.1, 0.3, 0.4, 0.2, 0.3, 0.5, 0.6],
    [0.2, 0.3, 0.4, 0.5, 0.6, 0.3, 0.2, 0.1],
    [0.1, 0.6, 0.3, 0.1, 0.2, 0.4, 0.3, 0.3],
  ];
  const classes = [0, 2, 1, 0, 1, 2, 2, 0];
  it("is where scipy's bounded search finds the least log loss", () => {
    // scipy 1.17.1 optimize.minimize_scalar on the same loss.
    const scaled = p.map((column) => column.map((v) => 3 * Math.log(v)));
    expect(fitTemperature(scaled, classes)).toBeCloseTo(0.979619042, 6);
  });
});

describe("the calibration report", () => {
  it("gives Cox's slope and intercept", () => {
    // scipy 1.17.1 optimize.minimize of the logistic loss on logit(p).
    const report = calibrationReport(
      [0, 1, 0, 1, 1, 0, 0, 1, 0, 1],
      [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.2, 0.9, 0.6, 0.35],
    );
    expect(report.slope).toBeCloseTo(1.28875737, 5);
    expect(report.intercept).toBeCloseTo(0.36133666, 5);
    expect(report.brier).toBeCloseTo(0.1885, 12);
    expect(report.bins.reduce((n, b) => n + b.rows, 0)).toBe(10);
  });
  it("says null where no slope exists", () => {
    expect(calibrationReport([0, 1, 1], [0.5, 0.5, 0.5]).slope).toBeNull();
    expect(calibrationReport([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]).slope).toBeNull();
  });
  it("keeps equal probabilities in one bin", () => {
    const bins = calibrationReport([0, 1, 0, 1, 1, 0], [0.5, 0.5, 0.5, 0.5, 0.5, 0.9]).bins;
    expect(bins).toEqual([
      { rows: 5, predicted: 0.5, observed: 0.6 },
      { rows: 1, predicted: 0.9, observed: 0 },
    ]);
  });
});
