import type { Horizon } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { addDays, addHorizon, dateOf, momentOf, quarterStart } from "@muster/shared/features/horizon.ts";
import type { RequestedHorizon } from "./define-problem.ts";

const DEFAULT_HORIZON: Horizon = { count: 1, unit: "quarter" };
/** More cutoffs than this add the distant past, whose customers and prices were others. */
export const MOST_CUTOFFS = 8;
/** A cutoff needs this share of a horizon of history before it, or its windows are empty. */
export const HISTORY_SHARE = 2 / 3;

/** The first moment after the day of `now`: data of a whole day are complete only then. */
export const dayAfter = (now: Date): Date => addDays(momentOf(dateOf(now)), 1);

/** A length in words: "one quarter", "30 days". */
export const inWords = (horizon: Horizon): string =>
  `${horizon.count === 1 ? `one ${horizon.unit}` : `${horizon.count} ${horizon.unit}s`}`;

/**
 * The cutoff to score, the horizon, and what had to be assumed. `next`: from when on nothing is known yet; `leadDays`: the
 * days before a named quarter at which it is asked about. `invalid_input` for a quarter that is over by the data's now.
 */
export function windowOf(
  asked: RequestedHorizon | undefined,
  now: Date,
  { next = dayAfter(now), leadDays = 0 } = {},
): { scoring: Date; horizon: Horizon; assumptions: string[] } {
  if (asked === undefined) {
    const text = `No period was named: the ${inWords(DEFAULT_HORIZON)} from ${dateOf(next)} is predicted.`;
    return { scoring: next, horizon: DEFAULT_HORIZON, assumptions: [text] };
  }
  if (!("quarter" in asked)) return { scoring: next, horizon: asked, assumptions: [] };
  const quarter = Number(asked.quarter.slice(1));
  const horizon: Horizon = { count: 1, unit: "quarter" };
  const ended = (year: number) => addHorizon(quarterStart(year, quarter), horizon) <= dayAfter(now);
  const year = asked.year ?? (ended(now.getUTCFullYear()) ? now.getUTCFullYear() + 1 : now.getUTCFullYear());
  if (ended(year)) {
    const message = `${asked.quarter} ${year} is over by the data's last day, ${dateOf(now)}; ask about a quarter that is still open`;
    throw fault("invalid_input", message, { now: dateOf(now) });
  }
  const start = addDays(quarterStart(year, quarter), -leadDays);
  const named = `${asked.quarter} is read as ${asked.quarter} ${year}, against the data's last day, ${dateOf(now)}.`;
  if (start > next) {
    const early = `${asked.quarter} ${year} begins after the data end: those active on ${dateOf(next)} are scored, for ${inWords(horizon)} from then.`;
    return { scoring: next, horizon, assumptions: [named, early] };
  }
  const begun =
    start < next
      ? [`${asked.quarter} ${year} has begun: it is predicted from what was known on ${dateOf(start)}.`]
      : [];
  return { scoring: start, horizon, assumptions: [named, ...begun] };
}

/** How cutoffs are taken: so far apart, at most so many, the hold-out's among them. */
export type Spacing = { every: Horizon; count: number };

/**
 * The cutoffs before the one to score whose labels are known, oldest first. `known`: when the labels of a cutoff are.
 * With `purged`, all but the latest, which is held out, are known by its moment: no window reaches into what is held out.
 */
export function closedCutoffs(
  scoring: Date,
  { every, count }: Spacing,
  from: Date,
  closed: { by: Date; known: (cutoff: Date) => Date; purged: boolean },
): Date[] {
  const cutoffs: Date[] = [];
  for (let k = 1; cutoffs.length < count; k++) {
    const cutoff = addHorizon(scoring, every, -k);
    if (cutoff < from) break;
    const latest = cutoffs.at(-1);
    const by = closed.purged && latest !== undefined ? latest : closed.by;
    if (closed.known(cutoff) <= by) cutoffs.unshift(cutoff);
  }
  return cutoffs;
}
