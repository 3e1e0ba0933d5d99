import type { Horizon } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { addDays, addHorizon, dateOf, knownAt } from "@muster/shared/features/horizon.ts";
import { TEMPORAL } from "@muster/shared/features/schema.ts";
import { closedCutoffs, HISTORY_SHARE, inWords, MOST_CUTOFFS, windowOf } from "./cutoffs.ts";
import type { DatasetFacts } from "./dataset-facts.ts";
import { type Draft, type EndedRequest, metricFor, type ProblemRequest, slug } from "./define-problem.ts";
import { namedColumn } from "./nearest.ts";

const GRACE_DAYS = 30;

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

/** Defines the problem of an interval that ends within a horizon, with every closed cutoff before the one to score. */
export function defineEvent(
  request: ProblemRequest,
  event: EndedRequest,
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
  if (request.population !== undefined)
    throw fault("invalid_input", "of intervals those running at the cutoff are asked about; leave population out");
  if (now === null)
    throw fault("unfit", "no table of the scope has an event time, so nothing says what is known by now");
  const graceDays = event.graceDays ?? GRACE_DAYS;
  const gapDays = request.gapDays ?? 0;
  // Whether an end was one is known after its grace; it may be written down later still.
  const delayDays = Math.max(graceDays, request.labelDelayDays ?? 0);
  const present = new Date(now);
  const { scoring, horizon, assumptions } = windowOf(request.horizon, present, { leadDays: gapDays });
  const from = historyFrom(facts, related, columns, horizon);
  const spacing = { every: request.cutoffs?.every ?? horizon, count: request.cutoffs?.count ?? MOST_CUTOFFS };
  const known = (cutoff: Date) => knownAt(addDays(cutoff, gapDays), horizon, delayDays);
  const cutoffs = closedCutoffs(scoring, spacing, from, {
    ...{ by: present, known },
    // Windows that overlap would share ends with what is held out.
    purged: request.cutoffs?.every !== undefined,
  });
  if (cutoffs.length < 2) {
    const known = cutoffs.length === 0 ? "none" : `only ${dateOf(cutoffs[0]!)}`;
    const message = `learning needs two earlier periods of ${inWords(horizon)} whose outcome is known ${delayDays} days after their end; ${known} lies between ${dateOf(from)} and ${dateOf(present)}: load a longer history or ask about a shorter period`;
    throw fault("unfit", message, { closed: cutoffs.map(dateOf), from: dateOf(from), now: dateOf(present) });
  }
  const training = cutoffs.slice(0, -1).map(dateOf);
  const holdout = dateOf(cutoffs.at(-1)!);
  const target = request.name ?? `${manifest.name}_ended`;
  const start = addDays(scoring, gapDays);
  const until = dateOf(addHorizon(start, horizon));
  const { entity, end } = columns;
  const after = gapDays === 0 ? "" : ` after ${dateOf(start)} and`;
  return {
    name: slug(target),
    dataset: manifest.name,
    target,
    task: "binary",
    entity,
    time: null,
    cutoffs: { training, holdout, scoring: dateOf(scoring) },
    horizon,
    ...(gapDays === 0 ? {} : { gapDays }),
    label: { kind: "ended", start: columns.start, end, graceDays },
    labelDelayDays: delayDays,
    metric: metricFor("binary", request.metric),
    exclusions,
    holdout: { kind: "last_cutoff", cutoff: holdout },
    now,
    sentence: `For each ${entity} with ${manifest.name} running on ${dateOf(scoring)}: will it end (${end})${after} by ${until}, with no new one within ${graceDays} days? Learned from the same question on ${training.join(", ")}; checked once on ${holdout}.`,
    assumptions: [
      ...assumptions,
      `An end followed by a new start of the same ${entity} within ${graceDays} days is no end.`,
      `What isn't over and known ${delayDays} days later counts neither for nor against.`,
    ],
  };
}
