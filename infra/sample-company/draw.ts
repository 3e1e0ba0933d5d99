import { seededRandom } from "@muster/shared/random.ts";

/** A source of uniform numbers in [0, 1). */
export type Random = () => number;

/**
 * An own stream of random numbers per table and customer, so that one table's rows don't move when another's
 * generator changes, and the next month's rows don't move the months before.
 */
export function stream(seed: number, table: number, customer: number): Random {
  const mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(table + 1, 0xc2b2ae35);
  return seededRandom(Math.imul(mixed ^ (mixed >>> 15), 0x27d4eb2f) ^ Math.imul(customer + 1, 0x165667b1));
}

/** A whole number in [low, high]. */
export const between = (random: Random, low: number, high: number): number =>
  low + Math.floor(random() * (high - low + 1));

/** One member of the list, each equally likely. */
export const oneOf = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

/** One name of a table of shares that add to 1. */
export function weighted<T extends string>(random: Random, shares: Readonly<Record<T, number>>): T {
  const names = Object.keys(shares) as T[];
  let left = random();
  for (const name of names) {
    left -= shares[name];
    if (left < 0) return name;
  }
  return names[names.length - 1]!;
}

/** Days until the next event of a Poisson process with the rate per day. */
export const waiting = (random: Random, rate: number): number => -Math.log(1 - random()) / rate;

/** A Poisson count (Knuth's product of uniforms: for means below about 20). */
export function poisson(random: Random, mean: number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
}
