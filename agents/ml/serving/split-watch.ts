import { type CanaryLimits, canaryWatch, type Seen } from "../abtest/canary.ts";
import type { Split } from "./split.ts";

/** Requests of a split from its beginning in which both versions score rows, and every how many do afterwards. */
const compared = { first: 500, every: 4 };

/** Watches the versions beside a live one under one split, and remembers which have to go and why. */
export type SplitWatch = {
  readonly limits: CanaryLimits;
  /** Counts a request; true where both versions are to score some of its rows, whoever answers them. */
  request(): boolean;
  /** Takes what was seen of a version in a request; gives why it has to go, once, in the moment that this is known. */
  saw(version: number, seen: Seen): string | null;
  /** The versions that have lost their traffic, with the reason. */
  gone: ReadonlyMap<number, string>;
};

/** The watch of a split that comes into force. */
export function splitWatch({ arms, shadow }: Split, limits: CanaryLimits): SplitWatch {
  const versions = [...arms.map(({ version }) => version), ...shadow];
  const watches = new Map(versions.map((version) => [version, canaryWatch(version, limits)]));
  const gone = new Map<number, string>();
  let requests = 0;
  return {
    limits,
    gone,
    request() {
      for (const watch of watches.values()) watch.request();
      requests++;
      return requests <= compared.first || requests % compared.every === 0;
    },
    saw(version, seen) {
      const because = gone.has(version) ? null : (watches.get(version)?.saw(seen) ?? null);
      if (because !== null) gone.set(version, because);
      return because;
    },
  };
}
