import type { Horizon } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { addDays, addHorizon, dateOf, knownAt, momentOf, quarterStart } from "@muster/shared/features/horizon.ts";
import { TEMPORAL } from "@muster/shared/features/schema.ts";
import type { DatasetFacts } from "./dataset-facts.ts";
import { type Draft, metricFor, type ProblemRequest, type RequestedHorizon, slug } from "./define-problem.ts";
import { namedColumn } from "./nearest.ts";

const GRACE_DAYS = 30;
const DEFAULT_HORIZON: Horizon = { count: 1, unit: "quarter" };
/** More cutoffs than this add the distant past, whose customers and prices were others. */
const MOST_CUTOFFS = 8;
/** A cutoff needs this share of a horizon of history before it, or its windows are empty. */
const HISTORY_SHARE = 2 / 3;

/** The first moment after the day of `now`: data of a whole day are complete only then. */
const dayAfter = (now: Date): Date => addDays(momentOf(dateOf(now)), 1);

const inWords = (horizon: Horizon) =>
  `${horizon.count === 1 ? `one ${horizon.unit}` : `${horizon.count} ${horizon.unit}s`}`;

/** The window to score: its first moment, its length, its name and what had to be assumed. */
function windowOf(
  asked: RequestedHorizon | undefined,
  now: Date,
): { scoring: Date; horizon: Horizon; assumptions: string[] } {
  const next = dayAfter(now);
  if (asked === undefined) {
    const text = `No period was named: the ${inWords(DEFAULT_HORIZON)} from ${dateOf(next)} is predicted.`;
    return { scoring: next, horizon: DEFAULT_HORIZON, assumptions: [text] };
  }
  if (!("quarter" in asked)) return { scoring: next, horizon: asked, assumptions: [] };
  const quarter = Number(asked.quarter.slice(1));
  const horizon: Horizon = { count: 1, unit: "quarter" };
  const ended = (year: number) => addHorizon(quarterStart(year, quarter), horizon) <= next;
  const year = asked.year ?? (ended(now.getUTCFullYear()) ? now.getUTCFullYear() + 1 : now.getUTCFullYear());
  if (ended(year)) {
    const message = `${asked.quarter} ${year} is over by the data's last day, ${dateOf(now)}; ask about a quarter that is still open`;
    throw fault("invalid_input", message, { now: dateOf(now) });
  }
  const start = quarterStart(year, quarter);
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

/** From when cutoffs may be taken: the intervals' own range, and the tables of events about the same entity. */
function historyFrom(
  facts: DatasetFacts,
  related: readonly DatasetFacts[],
  columns: { entity: string; start: string; end: string },
  horizon: Horizon,
): Date {
  const { entity, start, end } = columns;
  const starts = facts.timeRange[start];
  const ends = facts.timeRange[end];
  if (!starts)
    throw fault("unfit", `${facts.manifest.name}.${start} has no date in any row; load intervals that start`);
  if (!ends)
    throw fault("unfit", `${facts.manifest.name}.${end} has no date in any row: nothing has ended yet to learn from`);
  // Before the first end that was written down, everything looks as if nothing ever ended.
  const firstEnd = addHorizon(new Date(ends.min), horizon, -1);
  const moments = [new Date(starts.min), firstEnd];
  const events = related.flatMap((f) => {
    const { time, rows, columns: has } = f.manifest;
    const many = has.some((c) => c.name === entity) && (f.distinct[entity] ?? rows) < rows;
    const range = time === null || !many ? null : f.timeRange[time];
    return range ? [new Date(range.min).getTime()] : [];
  });
  if (events.length > 0) {
    const first = new Date(Math.min(...events));
    const length = addHorizon(first, horizon).getTime() - first.getTime();
    moments.push(new Date(first.getTime() + HISTORY_SHARE * length));
  }
  return new Date(Math.max(...moments.map((m) => m.getTime())));
}

/** Earlier cutoffs, one horizon apart, whose label is known by `now`; oldest first. */
function closedCutoffs(scoring: Date, horizon: Horizon, from: Date, now: Date, graceDays: number): Date[] {
  const cutoffs: Date[] = [];
  for (let k = 1; cutoffs.length < MOST_CUTOFFS; k++) {
    const cutoff = addHorizon(scoring, horizon, -k);
    if (cutoff < from) break;
    if (knownAt(cutoff, horizon, graceDays) <= now) cutoffs.unshift(cutoff);
  }
  return cutoffs;
}

/** Defines the problem of an interval that ends within a horizon, with every closed cutoff before the one to score. */
export function defineEvent(
  request: ProblemRequest,
  event: NonNullable<ProblemRequest["event"]>,
  facts: DatasetFacts,
  now: string | null,
  related: readonly DatasetFacts[],
  exclusions: string[],
): Draft {
  const { manifest } = facts;
  const column = (word: string) => namedColumn(manifest.columns, word, manifest.name);
  const columns = { entity: column(event.entity), start: column(event.start), end: column(event.end) };
  for (const name of [columns.start, columns.end]) {
    const { type } = manifest.columns.find((c) => c.name === name)!;
    if (!TEMPORAL.includes(type))
      throw fault("invalid_input", `${manifest.name}.${name} is ${type}; an interval needs dates`);
  }
  if (exclusions.includes(columns.entity))
    throw fault("invalid_input", `${columns.entity} is the entity and can't be excluded`);
  if (request.task !== undefined && request.task !== "binary") {
    throw fault("invalid_input", `whether something ends is a yes-or-no question, not ${request.task}`);
  }
  if (request.labelDelayDays !== undefined)
    throw fault(
      "invalid_input",
      "when an end is known follows from its grace; pass graceDays instead of labelDelayDays",
    );
  if (now === null)
    throw fault("unfit", "no table of the scope has an event time, so nothing says what is known by now");
  const graceDays = event.graceDays ?? GRACE_DAYS;
  const present = new Date(now);
  const { scoring, horizon, assumptions } = windowOf(request.horizon, present);
  const from = historyFrom(facts, related, columns, horizon);
  const cutoffs = closedCutoffs(scoring, horizon, from, present, graceDays);
  if (cutoffs.length < 2) {
    const known = cutoffs.length === 0 ? "none" : `only ${dateOf(cutoffs[0]!)}`;
    const message = `learning needs two earlier periods of ${inWords(horizon)} whose outcome is known ${graceDays} days after their end; ${known} lies between ${dateOf(from)} and ${dateOf(present)}: load a longer history or ask about a shorter period`;
    throw fault("unfit", message, { closed: cutoffs.map(dateOf), from: dateOf(from), now: dateOf(present) });
  }
  const training = cutoffs.slice(0, -1).map(dateOf);
  const holdout = dateOf(cutoffs.at(-1)!);
  const target = request.name ?? `${manifest.name}_ended`;
  const until = dateOf(addHorizon(scoring, horizon));
  const { entity, start, end } = columns;
  return {
    name: slug(target),
    dataset: manifest.name,
    target,
    task: "binary",
    entity,
    time: null,
    cutoffs: { training, holdout, scoring: dateOf(scoring) },
    horizon,
    label: { kind: "ended", start, end, graceDays },
    labelDelayDays: graceDays,
    metric: metricFor("binary", request.metric),
    exclusions,
    holdout: { kind: "last_cutoff", cutoff: holdout },
    now,
    sentence: `For each ${entity} with ${manifest.name} running on ${dateOf(scoring)}: will it end (${end}) by ${until}, with no new one within ${graceDays} days? Learned from the same question on ${training.join(", ")}; checked once on ${holdout}.`,
    assumptions: [
      ...assumptions,
      `An end followed by a new start of the same ${entity} within ${graceDays} days is no end.`,
      `What isn't over and known ${graceDays} days later counts neither for nor against.`,
    ],
  };
}
