import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import { placeOf, pointNear, randomPoint, type Space, valueAt } from "./space.ts";
import { branin, hartmann6, type KnownFunction, mixed } from "./testing-functions.ts";
import { proposeTpe, type Tried } from "./tpe.ts";

const trials = 60;
const seeds = Array.from({ length: 20 }, (_, i) => 100 + i);

/** How far the best of some trials is from the least value. */
function regret({ space, least, value }: KnownFunction, seed: number, startup: number): number {
  const random = seededRandom(seed);
  const tried: Tried[] = [];
  for (let i = 0; i < trials; i++) {
    const point = proposeTpe(space, tried, random, { startup });
    tried.push({ point, loss: value(point) });
  }
  return Math.min(...tried.map(({ loss }) => loss)) - least;
}

const middle = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

describe("known functions", () => {
  test.each([
    [branin, [Math.PI, 2.275], 0.397887],
    [hartmann6, [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573], -3.32237],
  ] as const)("$name has its published least value where it should", (known, at, least) => {
    const point = Object.fromEntries(Object.keys(known.space).map((name, i) => [name, at[i]!]));
    expect(known.value(point)).toBeCloseTo(least, 4);
  });

  // The share of 20 seeds and the ratio of median regrets, each with room below what was measured with these seeds.
  test.each([
    [branin, 0.7, 0.5],
    [hartmann6, 0.75, 0.6],
    [mixed, 0.75, 0.4],
  ] as const)("finds better than random search on $name, with the same number of trials", (known, wins, ratio) => {
    const pairs = seeds.map((seed) => ({
      tpe: regret(known, seed, 10),
      random: regret(known, seed, Number.POSITIVE_INFINITY),
    }));
    expect(pairs.filter(({ tpe, random }) => tpe < random).length / pairs.length).toBeGreaterThanOrEqual(wins);
    expect(middle(pairs.map(({ tpe }) => tpe)) / middle(pairs.map(({ random }) => random))).toBeLessThanOrEqual(ratio);
  });
});

describe("a proposal", () => {
  const space: Space = {
    rate: { kind: "real", low: 0.01, high: 1, scale: "log" },
    leaves: { kind: "integer", low: 3, high: 9, scale: "linear" },
    kind: { kind: "choice", options: ["a", "b", "c"] },
  };
  const tried = (): Tried[] => {
    const random = seededRandom(5);
    return Array.from({ length: 30 }, () => randomPoint(space, random)).map((point) => ({
      point,
      loss: Math.abs(Number(point.leaves) - 6) + (point.kind === "b" ? 0 : 3),
    }));
  };

  test("stays inside its space, and is the same for the same seed", () => {
    const propose = (seed: number) => proposeTpe(space, tried(), seededRandom(seed));
    expect(propose(1)).toEqual(propose(1));
    for (let seed = 0; seed < 50; seed++) {
      const { rate, leaves, kind } = propose(seed);
      expect(rate).toBeGreaterThanOrEqual(0.01);
      expect(rate).toBeLessThanOrEqual(1);
      expect([3, 4, 5, 6, 7, 8, 9]).toContain(leaves);
      expect(["a", "b", "c"]).toContain(kind);
    }
  });

  test("goes where the good ones were", () => {
    const drawn = Array.from({ length: 40 }, (_, seed) => proposeTpe(space, tried(), seededRandom(seed)));
    expect(drawn.filter(({ kind }) => kind === "b").length).toBeGreaterThan(30);
  });

  test("keeps away from what is under trial", () => {
    const near = (pending: boolean) => {
      const held = { rate: 0.1, leaves: 6, kind: "b" };
      const many = pending ? Array.from({ length: 12 }, () => held) : [];
      const drawn = Array.from({ length: 60 }, (_, seed) =>
        proposeTpe(space, tried(), seededRandom(seed), { pending: many }),
      );
      return drawn.filter(({ rate, leaves }) => leaves === 6 && Math.abs(Math.log10(Number(rate) / 0.1)) < 0.25).length;
    };
    expect(near(true)).toBeLessThan(near(false));
  });
});

describe("a space", () => {
  test("a log scale has its middle at the geometric mean", () => {
    const rate = { kind: "real", low: 0.01, high: 1, scale: "log" } as const;
    expect(valueAt(rate, 0.5)).toBeCloseTo(0.1, 12);
    expect(placeOf(rate, 0.1)).toBeCloseTo(0.5, 12);
  });

  test("what is outside is brought inside; what has no value is refused", () => {
    const space: Space = {
      rate: { kind: "real", low: 0.1, high: 1, scale: "log" },
      kind: { kind: "choice", options: ["a"] },
    };
    expect(pointNear(space, { rate: 5, kind: "a", other: 1 })).toEqual({ rate: 1, kind: "a" });
    expect(() => pointNear(space, { kind: "a" })).toThrow(/rate has no number/);
    expect(() => pointNear(space, { rate: 1, kind: "z" })).toThrow(/isn't one of the options/);
  });
});
