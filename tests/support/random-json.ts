import type { Tool } from "@muster/bus/tool.ts";

const words = [
  "",
  "telco_churn",
  "*",
  "'; drop table run; --",
  "../../etc/passwd",
  "\u0000",
  "ﷺ".repeat(50),
  "__proto__",
];
const numbers = [0, -1, 1e308, Number.MIN_VALUE, 2 ** 53, 0.1];

/** A random JSON value, at most `depth` deep. */
export function randomJson(random: () => number, depth = 3): unknown {
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const kind = random();
  if (depth === 0 || kind < 0.35) return one(words);
  if (kind < 0.55) return one(numbers);
  if (kind < 0.65) return one([true, false, null]);
  const size = Math.floor(random() * 4);
  if (kind < 0.8) return Array.from({ length: size }, () => randomJson(random, depth - 1));
  return Object.fromEntries(
    Array.from({ length: size }, () => [
      one(["dataset", "name", "role", "constructor", ...words]),
      randomJson(random, depth - 1),
    ]),
  );
}

/** A random input for a tool: some of its keys and some that it hasn't, with random values. */
export function randomInput(random: () => number, { input }: Tool): Record<string, unknown> {
  const keys = Object.keys(input.shape).filter(() => random() < 0.8);
  if (random() < 0.3) keys.push("extra");
  return Object.fromEntries(keys.map((key) => [key, randomJson(random)]));
}
