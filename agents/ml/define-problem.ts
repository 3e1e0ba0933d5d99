import { hashOf } from "@muster/shared/canonical.ts";
import type { Condition, Horizon, Problem, SeriesUnit, Task, WindowAggregate } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import type { DatasetFacts } from "./dataset-facts.ts";
import { defineEvent } from "./event-problem.ts";
import { defineFlat } from "./flat-problem.ts";
import { defineForecast, type SeriesFacts } from "./forecast-problem.ts";
import { namedColumn } from "./nearest.ts";
import { defineWindow, type WindowFacts } from "./window-problem.ts";

/** A horizon as it was asked for: a named calendar quarter, or a length from the data's now. */
export type RequestedHorizon = { quarter: "Q1" | "Q2" | "Q3" | "Q4"; year?: number } | Horizon;

/** The end of an interval. */
export type EndedRequest = { kind: "ended"; entity: string; start: string; end: string; graceDays?: number };

/**
 * What becomes of an entity's events in a window after the cutoff. `time`: the events' own, where it isn't the table's;
 * `where`: only those. `occurs`: whether one happens (`first`: the first ever); `next`: the category of the next one, without
 * a `category` the days until it; `value`: an aggregate of `column` (× `times`) over them.
 */
export type WindowRequest = { entity: string; time?: string; where?: Condition[] } & (
  | { kind: "occurs"; first?: boolean }
  | { kind: "next"; category?: string }
  | { kind: "value"; aggregate: WindowAggregate; column?: string; times?: string }
);

/**
 * The units of a series to come: an aggregate of `column` by `unit` of `time` (without a column the rows are counted), for
 * each value of `series`. `hour`: a column of hours beside a date; `season`: units after which it repeats itself.
 */
export type ForecastRequest = {
  kind: "forecast";
  series?: string;
  column?: string;
  aggregate?: "count" | "sum" | "mean";
  time?: string;
  hour?: string;
  unit?: SeriesUnit;
  steps?: number;
  season?: number;
  where?: Condition[];
};

/** Who is asked about: whoever has a row of `dataset` (default: the events' own table) in the last `withinDays` (null: ever). */
export type PopulationRequest = {
  dataset?: string;
  key?: string;
  time?: string;
  withinDays?: number | null;
  where?: Condition[];
};

/** What a person asked to predict: a column of a flat table (`target`), or what happens after a cutoff (`event`). */
export type ProblemRequest = {
  dataset: string;
  target?: string;
  event?: EndedRequest | WindowRequest | ForecastRequest;
  population?: PopulationRequest;
  /** Days between a cutoff and its window, in which one can act. */
  gapDays?: number;
  /** How far apart cutoffs are taken (default: one horizon), and how many at most, the hold-out's among them. */
  cutoffs?: { every?: Horizon; count?: number };
  horizon?: RequestedHorizon;
  task?: Task;
  metric?: Problem["metric"];
  exclusions?: string[];
  name?: string;
  /** The class that counts as the event. */
  positive?: string;
  /** The key column of the entity in a flat table. */
  entity?: string;
  /** Days from a row's event (a flat table of events) or a window's end until its label is known. */
  labelDelayDays?: number;
};

/** A problem before it has its hash. */
export type Draft = Omit<Problem, "hash">;

/** The metrics that fit a task, the default first. */
export const metricsOf: Record<Task, readonly Problem["metric"][]> = {
  binary: ["roc_auc", "average_precision", "log_loss", "f1_macro", "accuracy"],
  multiclass: ["roc_auc", "log_loss", "f1_macro", "accuracy"],
  regression: ["rmse", "mae", "r2"],
};

/** The asked metric, or the task's default. `invalid_input` for one that can't judge the task. */
export function metricFor(task: Task, asked: Problem["metric"] | undefined): Problem["metric"] {
  const fitting = metricsOf[task];
  if (asked === undefined) return fitting[0]!;
  if (!fitting.includes(asked)) {
    throw fault("invalid_input", `${asked} can't judge a ${task} model; choose one of ${fitting.join(", ")}`, {
      metric: asked,
    });
  }
  return asked;
}

/** A slug of a name: what a model may be called. */
export const slug = (name: string): string =>
  name
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1_$2")
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "")
    .slice(0, 62) || "target";

/** The exclusions with each column spelled as the table spells it; `dataset.column` for another table of the scope. */
function excluded(request: ProblemRequest, facts: DatasetFacts, related: readonly DatasetFacts[]): string[] {
  const found = (request.exclusions ?? []).map((word) => {
    const { columns, name } = facts.manifest;
    if (columns.some((c) => c.name === word)) return word;
    const dot = word.indexOf(".");
    const other = [facts, ...related].find((f) => dot > 0 && f.manifest.name === word.slice(0, dot));
    if (other === undefined) return namedColumn(columns, word, name);
    const column = namedColumn(other.manifest.columns, word.slice(dot + 1), other.manifest.name);
    return other === facts ? column : `${other.manifest.name}.${column}`;
  });
  return [...new Set(found)].sort();
}

/**
 * Defines a prediction problem from what was asked and what is measured about the label's table. `now`: newest event time
 * of the scope (ISO), null where nothing has a time; `related`: facts of tables that join to it, for how far back they go;
 * `asked`: what was measured of the events asked about and of whom they belong to, or of the series.
 * `not_found` for an unknown column (with the nearest), `invalid_input` for what doesn't fit together, `unfit` where the
 * data can't answer, each saying what to do.
 */
export function defineProblem(
  request: ProblemRequest,
  facts: DatasetFacts,
  now: string | null,
  related: readonly DatasetFacts[] = [],
  asked?: { window?: WindowFacts; series?: SeriesFacts },
): Problem {
  if ((request.target === undefined) === (request.event === undefined)) {
    throw fault("invalid_input", `say what to predict in ${request.dataset}: a target column or an event, one of them`);
  }
  if (facts.manifest.rows === 0) throw fault("unfit", `${facts.manifest.name} has no rows; load a file with data`);
  const exclusions = excluded(request, facts, related);
  const draft =
    request.event === undefined
      ? defineFlat(request, facts, now, exclusions)
      : request.event.kind === "ended"
        ? defineEvent(request, request.event, facts, now, related, exclusions)
        : request.event.kind === "forecast"
          ? defineForecast(request, request.event, facts, asked?.series, exclusions)
          : defineWindow(request, request.event, facts, now, asked?.window, exclusions);
  return { hash: hashOf(draft), ...draft };
}
