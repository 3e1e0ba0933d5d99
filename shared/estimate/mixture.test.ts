import { expect, test } from "vitest";
import { intervalOf } from "./fit-additive.ts";
import { equallyLikely, mixed } from "./mixture.ts";

const surely = { log: Math.log(10), sd: 0.3, weight: 1e6 };

test("one log-normal has its own quantiles", () => {
  const { low, mid, high } = mixed([surely]);
  expect(mid).toBeCloseTo(10, 6);
  expect(low).toBeCloseTo(intervalOf(surely).low, 4);
  expect(high).toBeCloseTo(intervalOf(surely).high, 4);
});

test("what is behind it widens the interval as variances add", () => {
  // A normal of sd 0.4 around each piece of one of sd 0.3: together 0.5.
  const pieces = equallyLikely(200).map((z) => ({ log: 0.3 * z, sd: 0.4, weight: 1e6 }));
  expect(Math.log(mixed(pieces).high)).toBeCloseTo(1.6448536 * 0.5, 2);
});

test("few runs behind it mean heavier tails", () =>
  expect(mixed([{ ...surely, weight: 5 }]).high).toBeGreaterThan(mixed([surely]).high));
