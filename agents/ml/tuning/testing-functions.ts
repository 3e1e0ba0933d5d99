import type { Point, Space } from "./space.ts";

/** A function with a known least value, to search on. */
export type KnownFunction = { name: string; space: Space; least: number; value: (point: Point) => number };

const real = (low: number, high: number) => ({ kind: "real", low, high, scale: "linear" }) as const;

/** Branin–Hoo, least 0.397887 at (−π, 12.275), (π, 2.275) and (9.42478, 2.475) (Surjanovic & Bingham, Virtual Library of Simulation Experiments). */
export const branin: KnownFunction = {
  name: "branin",
  space: { x: real(-5, 10), y: real(0, 15) },
  least: 0.397887,
  value({ x, y }) {
    const [a, b] = [Number(x), Number(y)];
    const bend = b - (5.1 / (4 * Math.PI ** 2)) * a ** 2 + (5 / Math.PI) * a - 6;
    return bend ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(a) + 10;
  },
};

const alpha = [1, 1.2, 3, 3.2];
const steep = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const centres = [
  [1312, 1696, 5569, 124, 8283, 5886],
  [2329, 4135, 8307, 3736, 1004, 9991],
  [2348, 1451, 3522, 2883, 3047, 6650],
  [4047, 8828, 8732, 5743, 1091, 381],
];

/** Hartmann in six dimensions, least −3.32237 at (0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573) (the same library). */
export const hartmann6: KnownFunction = {
  name: "hartmann6",
  space: Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((name) => [name, real(0, 1)])),
  least: -3.32237,
  value(point) {
    const x = ["a", "b", "c", "d", "e", "f"].map((name) => Number(point[name]));
    return -alpha.reduce((sum, weight, i) => {
      const far = x.reduce((far, at, j) => far + steep[i]![j]! * (at - centres[i]![j]! / 1e4) ** 2, 0);
      return sum + weight * Math.exp(-far);
    }, 0);
  },
};

/** Numbers on two scales, a whole number and an option, as a model's parameters are; least 0 at rate 0.05, depth 7, share 0.4, "b". */
export const mixed: KnownFunction = {
  name: "mixed",
  space: {
    rate: { kind: "real", low: 0.001, high: 1, scale: "log" },
    depth: { kind: "integer", low: 2, high: 20, scale: "linear" },
    share: real(0.1, 1),
    kind: { kind: "choice", options: ["a", "b", "c"] },
  },
  least: 0,
  value: ({ rate, depth, share, kind }) =>
    Math.log10(Number(rate) / 0.05) ** 2 +
    ((Number(depth) - 7) / 6) ** 2 +
    4 * (Number(share) - 0.4) ** 2 +
    (kind === "b" ? 0 : 0.5),
};
