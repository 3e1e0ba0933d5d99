import type { Column } from "@muster/shared/domain/dataset.ts";
import type { Horizon, SeriesUnit } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { FEWEST } from "@muster/shared/features/enough.ts";
import { gapUnits } from "@muster/shared/features/forecast-labels.ts";
import { addDays, addHorizon, addMonths, dateOf, knownAt, momentOf } from "@muster/shared/features/horizon.ts";
import type { ForecastRule } from "@muster/shared/features/label-rule.ts";
import { seriesWords } from "@muster/shared/features/label-words.ts";
import { NUMERIC } from "@muster/shared/features/schema.ts";
import { dayAfter } from "./cutoffs.ts";
import type { DatasetFacts } from "./dataset-facts.ts";
import { type Draft, type ForecastRequest, metricFor, type ProblemRequest, slug } from "./define-problem.ts";
import { columnNamed, conditionsOf, eventTime, typed } from "./window-problem.ts";

/**
 * What was measured of a series. `first`, `last`: its first and last unit (ISO). `seasons`: how far off the value of so many
 * units before is on average, over units before the last fifth, for each length that comes at least twice.
 */
export type SeriesFacts = {
  series: number;
  units: number;
  first: string | null;
  last: string | null;
  seasons: { season: number; error: number; pairs: number }[];
};

/** Lengths after which a grid may repeat itself. */
export const SEASONS: Record<SeriesUnit, number[]> = {
  hour: [1, 24, 168],
  day: [1, 7, 364],
  week: [1, 52],
  month: [1, 12],
};
const MOST_ORIGINS = 200;
const MOST_STEPS = 400;
/** The share of origins that is sealed, the last ones. */
const SEALED_SHARE = 0.2;
const DAYS: Record<Horizon["unit"], number> = { day: 1, week: 7, month: 30, quarter: 91 };

/** How many units a horizon has. */
function stepsOf({ count, unit }: Horizon, of: SeriesUnit): number {
  if (of === "month")
    return unit === "quarter"
      ? 3 * count
      : unit === "month"
        ? count
        : Math.max(1, Math.round((count * DAYS[unit]) / 30));
  const days = count * DAYS[unit];
  return of === "hour" ? days * 24 : of === "day" ? days : Math.max(1, Math.round(days / 7));
}

/** The span of so many units as whole calendar lengths, by which origins are taken. */
const spanOf = (steps: number, unit: SeriesUnit): Horizon =>
  unit === "hour" ? { count: Math.ceil(steps / 24), unit: "day" } : { count: steps, unit };

/** The first moment of the unit that a midnight lies in. */
export function floorTo(moment: Date, unit: SeriesUnit): Date {
  if (unit === "week") return addDays(moment, -((moment.getUTCDay() + 6) % 7));
  return unit === "month" ? new Date(Date.UTC(moment.getUTCFullYear(), moment.getUTCMonth(), 1)) : moment;
}

/** The rule of the request with columns as the table spells them; season 1 until it is known. */
export function forecastRule(request: ProblemRequest, event: ForecastRequest, facts: DatasetFacts): ForecastRule {
  const { name, columns } = facts.manifest;
  const time = eventTime(facts, event.time);
  const unit = event.unit ?? "day";
  const column =
    event.column === undefined ? null : typed(facts, event.column, NUMERIC, "only numbers are forecast").name;
  const aggregate = event.aggregate ?? (column === null ? "count" : "sum");
  if (column === null && aggregate !== "count")
    throw fault("invalid_input", `the ${aggregate} of which column of ${name}? pass column, or count its rows`);
  const hour =
    event.hour === undefined
      ? hourOf(time, unit, columns, name)
      : typed(facts, event.hour, ["integer"], "hours are whole numbers").name;
  if (request.horizon !== undefined && event.steps !== undefined)
    throw fault("invalid_input", "steps and horizon say the same; pass one of them");
  if (request.horizon !== undefined && "quarter" in request.horizon)
    throw fault("invalid_input", "a forecast goes on from the data's end; pass a length as horizon, such as 14 days");
  const steps = event.steps ?? stepsOf(request.horizon ?? { count: 1, unit: "month" }, unit);
  if (steps > MOST_STEPS)
    throw fault(
      "invalid_input",
      `${steps} ${unit}s ahead are more than ${MOST_STEPS}; forecast fewer, or by a longer unit`,
    );
  const series = event.series === undefined ? null : columnNamed(facts, event.series).name;
  if (series === column && series !== null) throw fault("invalid_input", `${series} can't be the series and its value`);
  return {
    ...{ kind: "forecast", time: time.name, where: conditionsOf(facts, event.where), series, aggregate, column, hour },
    ...{ unit, steps, season: 1 },
  };
}

/** The column of hours beside a date, where a grid of hours needs one. */
function hourOf(time: Column, unit: SeriesUnit, columns: readonly Column[], dataset: string): string | null {
  if (unit !== "hour" || time.type === "timestamp") return null;
  const found = columns.filter(
    ({ name, type }) => type === "integer" && /^(hr|hrs|hour|hours|hour_of_day)$/i.test(name),
  );
  if (found.length === 1) return found[0]!.name;
  throw fault(
    "invalid_input",
    `${dataset}.${time.name} has days without hours; name the column of hours as hour, or forecast by day`,
  );
}

/** The season: the one asked for, else the length whose value before is nearest on average. */
function seasonOf(event: ForecastRequest, { seasons }: SeriesFacts): { season: number; said: string } {
  if (event.season !== undefined) return { season: event.season, said: "as asked" };
  const [best] = [...seasons].sort((a, b) => a.error - b.error || b.season - a.season);
  if (best === undefined) return { season: 1, said: "too short to tell a longer one" };
  return {
    season: best.season,
    said: `the value so long before is off by ${Number(best.error.toPrecision(4))} on average, the least of ${seasons.map((one) => one.season).join(", ")}`,
  };
}

/** Defines the forecast of series: an origin each horizon, the last fifth of them sealed. `unfit` where a series is too short. */
export function defineForecast(
  request: ProblemRequest,
  event: ForecastRequest,
  facts: DatasetFacts,
  measured: SeriesFacts | undefined,
  exclusions: string[],
): Draft {
  if (measured === undefined) throw fault("broken_contract", "the series asked about wasn't measured");
  for (const name of ["positive", "population"] as const)
    if (request[name] !== undefined) throw fault("invalid_input", `a forecast is of series; leave ${name} out`);
  if (request.task !== undefined && request.task !== "regression")
    throw fault("invalid_input", `a forecast is a regression question, not ${request.task}; leave task out`);
  const { name: dataset } = facts.manifest;
  const rule = forecastRule(request, event, facts);
  const { unit, steps, series, column } = rule;
  if (measured.first === null || measured.last === null)
    throw fault(
      "unfit",
      `${seriesWords(dataset, rule)} has no value in any row; mend the conditions or load more data`,
    );
  const { season, said } = seasonOf(event, measured);
  const label: ForecastRule = { ...rule, season };
  const gapDays = request.gapDays ?? 0;
  gapUnits(unit, gapDays);
  const labelDelayDays = request.labelDelayDays ?? 0;
  const last = new Date(measured.last);
  // A day that lacks its last hour isn't over.
  const partial = unit === "hour" && last.getUTCHours() < 23;
  // The newest row says until when the data are whole, whatever unit it lies in: a week that has begun isn't over.
  const newest = partial
    ? new Date(momentOf(dateOf(last)).getTime() - 1)
    : unit === "hour"
      ? last
      : new Date(facts.timeRange[rule.time]!.max);
  const next = dayAfter(newest);
  const scoring = floorTo(next, unit);
  const horizon = spanOf(steps, unit);
  const every = request.cutoffs?.every ?? horizon;
  const first = new Date(measured.first);
  const from = afterUnits(first, unit, 2 * season);
  const known = (cutoff: Date) => knownAt(addDays(cutoff, gapDays), horizon, labelDelayDays);
  const origins: Date[] = [];
  for (let k = 1; origins.length < (request.cutoffs?.count ?? MOST_ORIGINS); k++) {
    const origin = floorTo(addHorizon(scoring, every, -k), unit);
    if (origin < from) break;
    if (known(origin) <= scoring) origins.unshift(origin);
  }
  const perOrigin = steps * measured.series;
  const held = Math.max(Math.round(SEALED_SHARE * origins.length), Math.ceil(FEWEST.holdout / perOrigin));
  const sealed = origins.slice(Math.max(0, origins.length - held));
  const training = origins.slice(0, Math.max(0, origins.length - held)).filter((origin) => known(origin) <= sealed[0]!);
  if (training.length * perOrigin < FEWEST.training || sealed.length < held) {
    const rows = training.length * perOrigin;
    const message = `${dataset} has ${measured.units} ${unit}s from ${dateOf(first)} to ${dateOf(last)}; a season of ${season} twice and ${steps} steps ahead leave ${origins.length} origins, ${rows} steps to learn from (${FEWEST.training} are needed) and ${sealed.length * perOrigin} to check on (${FEWEST.holdout}): load a longer history or forecast fewer steps`;
    throw fault("unfit", message, { origins: origins.length, rows, units: measured.units, season });
  }
  const days = (list: readonly Date[]) => list.map(dateOf);
  const target = request.name ?? `${column ?? dataset}_forecast`;
  const start = afterUnits(addDays(scoring, gapDays), unit, 0);
  const whom = series === null ? `the series of ${dataset}` : `each ${series} of ${dataset}`;
  const spread = (list: readonly Date[]) =>
    list.length === 1 ? dateOf(list[0]!) : `${dateOf(list[0]!)} to ${dateOf(list.at(-1)!)}`;
  return {
    ...{ name: slug(target), dataset, target, task: "regression", entity: series ?? rule.time, time: null },
    cutoffs: {
      training: days(training),
      holdout: dateOf(sealed[0]!),
      ...(sealed.length > 1 ? { sealed: days(sealed.slice(1)) } : {}),
      scoring: dateOf(scoring),
    },
    horizon,
    ...(gapDays === 0 ? {} : { gapDays }),
    label,
    labelDelayDays,
    metric: metricFor("regression", request.metric),
    exclusions,
    holdout: { kind: "last_cutoff", cutoff: dateOf(sealed[0]!) },
    now: newest.toISOString(),
    sentence: `For ${whom}: what will be ${seriesWords(dataset, label)} at each of the ${steps} ${unit}s from ${dateOf(start)} on? Learned from ${training.length} earlier origins, ${spread(training)}; checked once on the last ${sealed.length}, ${spread(sealed)}, beside the value ${season} ${unit}(s) before.`,
    assumptions: [
      ...(request.horizon === undefined && event.steps === undefined
        ? [`No period was named: ${steps} ${unit}s ahead are forecast.`]
        : []),
      `The season is ${season} ${unit}(s): ${said}.`,
      ...(partial ? [`${dateOf(last)} lacks its last hours and is left out.`] : []),
      ...(label.aggregate === "mean" ? [] : [`A ${unit} without a row counts as 0.`]),
    ],
  };
}

/** The moment so many units later; for a grid of months by the calendar. */
function afterUnits(moment: Date, unit: SeriesUnit, count: number): Date {
  if (unit === "month") return addMonths(moment, count);
  return new Date(moment.getTime() + count * { hour: 1, day: 24, week: 168 }[unit] * 3_600_000);
}
