import { z } from "zod";
import { feltSeconds } from "./canary.ts";
import type { TestPlan } from "./plan.ts";
import { differenceSequence, type Moments, pairedSequence, rhoFor } from "./sequence.ts";
import { shareEvidence, shareP } from "./share-evidence.ts";

/** What one side of a test came to by now. `assigned`: entities that it answered; `matured`: those whose outcome must be known; `told`: those whose outcome is. */
export type Side = {
  version: number;
  assigned: number;
  matured: number;
  told: number;
  /** Of the measure over the entities that are told of. */
  values: Moments;
  /** How often the first class came, where the measure is a share; null elsewhere. */
  hits: number | null;
  runs: number;
  failures: number;
  rows: number;
  seconds: number;
};

/** Both sides of a test, and the paired differences where the challenger is in shadow. */
export type Sides = { live: Side; challenger: Side; paired: Moments | null };

/**
 * `broken_split`: the sides don't have the shares they should, so nothing is compared. `guardrail`: the challenger does harm that
 * no outcome outweighs. `no_outcome_yet` and `too_few_yet` wait. `no_difference`: whatever there is is smaller than the effect.
 */
export const TestVerdict = z.enum([
  "broken_split",
  "guardrail",
  "no_outcome_yet",
  "too_few_yet",
  "undecided",
  "challenger_better",
  "challenger_worse",
  "no_difference",
]);
export type TestVerdict = z.infer<typeof TestVerdict>;

/** The verdict with its reason, the difference challenger − live with its always-valid interval, and the chance of such shares. */
export type Judged = {
  verdict: TestVerdict;
  reason: string;
  difference: number | null;
  interval: [number, number] | null;
  splitP: number | null;
};

/** A split whose counts have less than this chance isn't the split that was planned (Fabijan et al. 2019). */
const splitAlpha = 0.001;
/** The sequence is asymptotic: it isn't looked at before so many entities a side are told of, and so many of each class. */
const least = { entities: 100, ofClass: 10 };
/** Calls of a side before its failures and latency are judged. */
const leastRuns = 50;

/** What a side did at answering. */
export type Worked = Pick<Side, "version" | "runs" | "failures" | "rows" | "seconds">;

/**
 * Judges a test, whenever one looks: the sample ratio first, then the guardrails, then the always-valid sequence over matured
 * outcomes. `broken_split` and `guardrail` come before any outcome is looked at.
 */
export function judgeTest(plan: TestPlan, { live, challenger, paired }: Sides): Judged {
  const nothing = { difference: null, interval: null };
  const splitP = plan.share === null ? null : ratioP(plan.share, live, challenger);
  if (splitP !== null && splitP < splitAlpha) {
    const counts = `${live.assigned} to ${challenger.assigned} entities`;
    const reason = `${counts} at a share of ${percent(plan.share!)} has a chance of ${splitP.toPrecision(2)}: the split is broken, so nothing is compared`;
    return { verdict: "broken_split", reason, ...nothing, splitP };
  }
  const harm = harmOf(plan, live, challenger);
  if (harm !== null) return { verdict: "guardrail", reason: harm, ...nothing, splitP };
  const sides = [live, challenger];
  const told = paired ? paired.n : Math.min(live.told, challenger.told);
  if (told === 0) {
    const waiting = sides.reduce((sum, { assigned }) => sum + assigned, 0);
    const reason = `of ${waiting} entities no outcome has matured and is known`;
    return { verdict: "no_outcome_yet", reason, ...nothing, splitP };
  }
  const rare = sides.some(({ hits, told }) => hits !== null && Math.min(hits, told - hits) < least.ofClass);
  if (told < least.entities || (!paired && rare)) {
    const reason = `${told} entities of the smaller side are told of; at least ${least.entities}, and ${least.ofClass} of each class, say anything`;
    return { verdict: "too_few_yet", reason, ...nothing, splitP };
  }
  const rho = rhoFor(Math.max(1, plan.entities.once), plan.alpha);
  const { difference, low, high, n } = paired
    ? pairedSequence(paired, plan.alpha, rho)
    : differenceSequence(live.values, challenger.values, plan.alpha, rho);
  const found = { difference, interval: [low, high] as [number, number], splitP };
  const said = `difference ${short(difference)} (always valid ${percent(1 - plan.alpha)}: ${short(low)} to ${short(high)}) from ${n} ${paired ? "pairs" : "entities"}`;
  if (low > 0 || high < 0) {
    const higher = low > 0;
    const good = higher === (plan.better === "higher");
    return { verdict: good ? "challenger_better" : "challenger_worse", reason: said, ...found };
  }
  if (low > -plan.effect && high < plan.effect)
    return { verdict: "no_difference", reason: `${said}: smaller than ${plan.effect} either way`, ...found };
  const left = Math.max(0, plan.entities.sequence - n);
  const wait =
    left > 0 ? `about ${left} more tell an effect of ${plan.effect}` : "more than planned are in: it may stay so";
  return { verdict: "undecided", reason: `${said}; ${wait}`, ...found };
}

function ratioP(share: number, live: Side, challenger: Side): number | null {
  const all = live.assigned + challenger.assigned;
  if (all === 0) return null;
  return shareP(challenger.assigned, all, share);
}

/**
 * What a challenger does worse than the live version at answering, in words; null where nothing is beyond its guardrail. It fails
 * more often, by more than chance; or it is slow: so many times as long both a run and a row (parts of different sizes differ
 * in one of both), and long enough to be felt.
 */
export function workHarm(
  { guardrails }: Pick<TestPlan, "guardrails">,
  live: Worked,
  challenger: Worked,
): string | null {
  const calls = ({ failures, runs }: Worked) => failures + runs;
  const failing = (side: Worked) => side.failures / Math.max(1, calls(side));
  if (calls(challenger) < leastRuns || calls(live) < leastRuns) return null;
  if (surelyAbove(challenger.failures, calls(challenger), failing(live) + guardrails.failures))
    return `version ${challenger.version} fails ${percent(failing(challenger))} of the time, version ${live.version} ${percent(failing(live))}`;
  const run = ({ seconds, runs }: Worked) => seconds / Math.max(1, runs);
  const row = ({ seconds, rows }: Worked) => seconds / Math.max(1, rows);
  const times = Math.min(run(challenger) / run(live), row(challenger) / row(live));
  if (times > guardrails.latency && run(challenger) > feltSeconds)
    return `version ${challenger.version} takes ${times.toFixed(1)} times as long as version ${live.version}`;
  return null;
}

/** Whether a share is above a bound by evidence that may be looked at whenever one likes. */
const surelyAbove = (hits: number, n: number, bound: number): boolean =>
  bound < 1 && hits > bound * n && shareEvidence(hits, n, bound) > -Math.log(splitAlpha);

function harmOf(plan: TestPlan, live: Side, challenger: Side): string | null {
  const { guardrails } = plan;
  const harm = workHarm(plan, live, challenger);
  if (harm !== null) return harm;
  const missing = ({ matured, told }: Side) => (matured === 0 ? 0 : 1 - told / matured);
  if (live.matured > 0 && challenger.matured > 0) {
    const lacks = challenger.matured - challenger.told;
    if (surelyAbove(lacks, challenger.matured, missing(live) + guardrails.missing))
      return `the outcome is missing of ${percent(missing(challenger))} of version ${challenger.version}'s entities and of ${percent(missing(live))} of version ${live.version}'s: what is known can't be compared`;
  }
  return null;
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;
const short = (value: number): string => String(Number(value.toPrecision(3)));
