import { z } from "zod";
import { type ScorePair, type Shift, shiftWatch } from "./score-shift.ts";
import { shareEvidence } from "./share-evidence.ts";

/**
 * How far a version's mean score may lie from the live one's on the same rows: by which factor the odds of any class, or by how many
 * times `unit` a number (the outcome's standard deviation; null: that of the live version's answers).
 */
export const ShiftLimit = z.discriminatedUnion("by", [
  z.object({ by: z.literal("odds"), most: z.number().gt(1) }),
  z.object({ by: z.literal("deviations"), most: z.number().positive(), unit: z.number().positive().nullable() }),
]);
export type ShiftLimit = z.infer<typeof ShiftLimit>;

/**
 * Twice or half the odds, or half a standard deviation (Cohen 1988: a medium effect): a challenger of another base rate, calibration
 * or sharpness stays within, wrong units, swapped columns or a dead input don't.
 */
export const usualShift = (classes: boolean, unit: number | null = null): ShiftLimit =>
  classes ? { by: "odds", most: 2 } : { by: "deviations", most: 0.5, unit };

/**
 * What a version beside the live one may do worse before it loses its traffic. `failures`: the share of requests that it fails and the
 * live version answers. `latency`: how many times as long it may take for most requests.
 */
export type CanaryLimits = { failures: number; latency: number; shift: ShiftLimit };

/** One request failed in a hundred, three times as long, and the usual shift. */
export const usualLimits = (classes: boolean): CanaryLimits => ({
  ...{ failures: 0.01, latency: 3, shift: usualShift(classes) },
});

/**
 * What was seen of a version in one request. `slow`: whether it took longer than it may; null where nothing was compared.
 * `scores`: rows that both versions scored, a pair for each class that is judged, or of the number.
 */
export type Seen = {
  failed: boolean;
  slow: boolean | null;
  scores: readonly { entity: string; pairs: readonly ScorePair[] }[];
};

/** A run shorter than this is never too slow. */
export const feltSeconds = 0.01;
/** Below so many requests and entities nothing is told, however bad they look: a hiccup isn't a bad version. */
const least = { requests: 10, entities: 50 };

/** Judges one stretch of requests. */
type Judge = { saw: (seen: Seen) => void; harm: () => string | null };

/**
 * A judge of a version over a stretch of requests: it fails, it is slow, or its scores are shifted, each beyond its limit by evidence that
 * may be looked at after every request: a version within its limits is ever called with chance `alpha` at most. An entity's scores
 * count once.
 */
export function canaryJudge(version: number, limits: CanaryLimits, alpha: number): Judge {
  const beyond = (hits: number, of: number, bound: number) =>
    of >= least.requests && hits > bound * of && shareEvidence(hits, of, bound) > Math.log(3 / alpha);
  const [ran, compared] = [
    { of: 0, failed: 0 },
    { of: 0, slow: 0 },
  ];
  const entities = new Set<string>();
  const watches: ReturnType<typeof shiftWatch>[] = [];
  const shifted = (): string | null => {
    if (entities.size < least.entities) return null;
    const { shift } = limits;
    const most = shift.by === "odds" ? Math.log(shift.most) : shift.most;
    for (const watch of watches) {
      const one = alpha / 3 / watches.length;
      const found = shift.by === "odds" ? watch.odds(one) : watch.deviations(one, shift.unit);
      if (Math.abs(found.distance) - found.half > most) return saidShift(version, found, shift);
    }
    return null;
  };
  return {
    saw({ failed, slow, scores }) {
      ran.of++;
      if (failed) ran.failed++;
      if (slow !== null) compared.of++;
      if (slow) compared.slow++;
      for (const { entity, pairs } of scores) {
        if (entities.has(entity)) continue;
        entities.add(entity);
        while (watches.length < pairs.length) watches.push(shiftWatch());
        for (const [k, pair] of pairs.entries()) watches[k]!.add(pair);
      }
    },
    harm() {
      if (beyond(ran.failed, ran.of, limits.failures))
        return `version ${version} fails ${ran.failed} of ${ran.of} requests that the live version answers`;
      if (beyond(compared.slow, compared.of, 0.5))
        return `version ${version} takes more than ${limits.latency} times as long as the live version for ${compared.slow} of ${compared.of} requests`;
      return shifted();
    },
  };
}

function saidShift(version: number, { n, live, challenger }: Shift, shift: ShiftLimit): string {
  const most =
    shift.by === "odds" ? `odds are a factor of ${shift.most}` : `means are ${shift.most} standard deviations`;
  return `version ${version} scores ${short(challenger)} on average where the live version scores ${short(live)}, on the same rows of ${n} entities: the ${most} apart or more`;
}

const short = (value: number): string => String(Number(value.toPrecision(3)));

/** Requests after which another judge begins; each judges twice as many, so that a version is judged by what it did lately, too. */
const stretch = 250;
/** The chance that a version within its limits ever loses its traffic. */
const everWrong = 0.001;

/**
 * Watches a version for as long as it stands beside the live one, by judges that begin every 250 requests and each see 500: whatever is
 * bad enough to be told from 250 requests is told within 500 of turning bad. Their chances of erring add up to 0.001 over all time
 * (6/π² · 0.001/k² for the k-th). `request` counts a request of the name, `saw` takes what was seen of the version in it and gives why it
 * has to go, null while it may stay.
 */
export function canaryWatch(version: number, limits: CanaryLimits) {
  let requests = 0;
  let begun = 0;
  let judges: Judge[] = [];
  let because: string | null = null;
  return {
    request(): void {
      if (requests++ % stretch > 0) return;
      const alpha = (6 / Math.PI ** 2) * (everWrong / (++begun) ** 2);
      judges = [...judges.slice(-1), canaryJudge(version, limits, alpha)];
    },
    saw(seen: Seen): string | null {
      for (const judge of judges) {
        judge.saw(seen);
        because ??= judge.harm();
      }
      return because;
    },
    because: () => because,
  };
}
