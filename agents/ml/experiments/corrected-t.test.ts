import { expect, test } from "vitest";
import { correctedT } from "./corrected-t.ts";

// Differences over ten folds, and what scipy 1.17.1's t distribution makes of Nadeau and Bengio's variance (1/10 + 1/9) s².
const differences = [0.0123, 0.0047, -0.0031, 0.0102, 0.0088, 0.0005, 0.0061, -0.0012, 0.0073, 0.004];

test("equals the corrected resampled t, to 1e-9", () => {
  const found = correctedT(differences, 1 / 9);
  expect(found.mean).toBeCloseTo(0.00496, 12);
  expect(found.se).toBeCloseTo(0.002305719137436462, 12);
  expect(found.t).toBeCloseTo(2.1511726729711818, 9);
  expect(found.p).toBeCloseTo(0.059922201341282, 9);
  expect([found.low, found.high].map((v) => v.toFixed(12))).toEqual(["-0.000255899062", "0.010175899062"]);
});

test("is wider than the t test that takes folds for independent, whose p here is 0.017", () => {
  expect(correctedT(differences, 0).p).toBeLessThan(0.02);
  expect(correctedT(differences, 1 / 9).p).toBeGreaterThan(0.05);
});

test("equal models differ by nothing; one fold is too few", () => {
  expect(correctedT([0, 0, 0], 0.5)).toMatchObject({ mean: 0, t: null, p: 1 });
  expect(correctedT([0.125, 0.125, 0.125], 0.5).p).toBe(0);
  expect(() => correctedT([0.1], 0.5)).toThrow(expect.objectContaining({ code: "unfit" }));
});
