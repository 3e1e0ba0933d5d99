import { expect, it } from "vitest";
import { missedShare, sampleSize, wilsonLower } from "./column-sample.ts";

it("bounds what a sample can miss", () => {
  expect(missedShare(10, 10)).toBe(0);
  expect(missedShare(0, 10)).toBe(1);
  // The rule of three: about 3/n.
  expect(missedShare(sampleSize, 1e6)).toBeCloseTo(3 / sampleSize, 4);
});

it("gives Wilson's lower bound", () => {
  // Newcombe 1998, table I: 81 of 263, 95 %: 0.2553 to 0.3662.
  expect(wilsonLower(81, 263)).toBeCloseTo(0.2553, 4);
  expect(wilsonLower(0, 0)).toBe(0);
});
