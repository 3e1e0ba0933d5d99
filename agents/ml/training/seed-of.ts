import { sha256 } from "@muster/shared/canonical.ts";

/** A seed of its own for each candidate and fold, so that one being skipped changes no other. */
export const seedOf = (seed: number, name: string, fold: number): number =>
  Number.parseInt(sha256(`${seed}:${name}:${fold}`).slice(0, 7), 16);
