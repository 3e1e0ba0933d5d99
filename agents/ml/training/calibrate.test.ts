import { normal, seededRandom } from "@muster/shared/random.ts";
import { plattOf } from "@muster/shared/stats/calibration.ts";
import { describe, expect, test } from "vitest";
import { sigmoid } from "../score.ts";
import { calibrateOutOfFold } from "./calibrate.ts";
import { chooseThreshold, crossedThresholds } from "./threshold.ts";

describe("calibration", () => {
  const random = seededRandom(2);
  const truth = Float64Array.from({ length: 4000 }, () => normal(random) * 1.5 - 1);
  const labels = truth.map((z) => (random() < sigmoid(z) ? 1 : 0));
  const fold = Int32Array.from(labels, (_, i) => i % 5);

  test("undoes margins that are too sure and shifted", () => {
    const held = calibrateOutOfFold({ margins: [truth.map((z) => 3 * z + 2)], labels, fold });
    expect(held.calibration.kind).toBe("platt");
    if (held.calibration.kind !== "platt") return;
    expect(held.calibration.slope * 3).toBeCloseTo(1, 0);
    expect(held.calibration.intercept + held.calibration.slope * 2).toBeCloseTo(0, 0);
    expect(held.logLoss).toBeLessThan(held.rawLogLoss);
  });

  test("is left out for a model that answers the same for every row, or against the label", () => {
    const constant = Float64Array.from(fold, (f) => f * 0.01 - 1);
    expect(calibrateOutOfFold({ margins: [constant], labels, fold }).calibration).toEqual({ kind: "none" });
    const reversed = calibrateOutOfFold({ margins: [truth.map((z) => -z)], labels, fold });
    expect(reversed.calibration).toEqual({ kind: "none" });
  });

  test("is left out where no scaling is to be found, and the model stays as it is", () => {
    const wild = truth.map((z, i) => (i % 7 === 0 ? z * 1e200 : z));
    expect(plattOf(wild, labels)).toBeNull();
    expect(calibrateOutOfFold({ margins: [wild], labels, fold }).calibration).toEqual({ kind: "none" });
  });

  test("finds the temperature of a softmax that is too sure", () => {
    const margins = [truth.map(() => 0), truth.map((z) => 4 * z), truth.map((z) => -4 * z)];
    const drawn = truth.map((z) => {
      const weights = [1, Math.exp(z), Math.exp(-z)];
      const at = random() * (weights[0]! + weights[1]! + weights[2]!);
      return at < 1 ? 0 : at < 1 + weights[1]! ? 1 : 2;
    });
    const { calibration } = calibrateOutOfFold({ margins, labels: drawn, fold });
    expect(calibration.kind === "temperature" && calibration.temperature).toBeCloseTo(4, 0);
  });

  test("rows never held out have no answer", () => {
    const partly = fold.map((f) => (f === 0 ? -1 : f));
    const { probabilities } = calibrateOutOfFold({ margins: [truth], labels, fold: partly });
    expect(Number.isNaN(probabilities[1]![0])).toBe(true);
    expect(Number.isNaN(probabilities[1]![1])).toBe(false);
  });
});

describe("the threshold", () => {
  const labels = [0, 0, 1, 0, 1, 1];
  const probabilities = Float64Array.of(0.1, 0.2, 0.3, 0.4, 0.6, 0.8);

  test("maximises F1, halfway between two probabilities", () => {
    // From 0.3 up: 3 hits, 1 false alarm: F1 6/7; from 0.6 up 2 hits, none: 4/5.
    expect(chooseThreshold(labels, probabilities, null)).toBeCloseTo(0.25, 12);
  });

  test("follows the prices of mistakes", () => {
    expect(chooseThreshold(labels, probabilities, { falsePositive: 10, falseNegative: 1 })).toBeCloseTo(0.5, 12);
    expect(chooseThreshold([0, 0, 0, 0, 1, 0], probabilities, { falsePositive: 10, falseNegative: 1 })).toBeGreaterThan(
      0.8,
    );
  });

  test("of a fold is chosen on the others", () => {
    const fold = Int32Array.of(0, 0, 0, 1, 1, 1);
    const crossed = crossedThresholds(labels, probabilities, fold, 2, null);
    expect(crossed[0]).toBeCloseTo(0.5, 12);
    expect(crossed[1]).toBeCloseTo(0.25, 12);
  });
});
