import type { Problem } from "../domain/problem.ts";
import { fault } from "../fault.ts";
import { quoteLiteral } from "../warehouse/quote.ts";
import { addDays, addHorizon, momentOf, timestampSql } from "./horizon.ts";

/** A cutoff with the window after it, (from, until], and when labels of the window are known. */
export type LabelWindow = {
  cutoff: Date;
  from: Date;
  until: Date;
  known: Date;
  split: "training" | "holdout" | "scoring";
};

/** The window of a cutoff: it starts a gap later and lasts the horizon. `invalid_input` for a problem without a horizon. */
export function windowAt(problem: Problem, iso: string, split: LabelWindow["split"], delayDays: number): LabelWindow {
  if (problem.horizon === null || problem.now === null) {
    throw fault("invalid_input", "an event's problem needs a horizon and the data's now; define the problem again");
  }
  const cutoff = momentOf(iso);
  const from = addDays(cutoff, problem.gapDays ?? 0);
  const until = addHorizon(from, problem.horizon);
  return { cutoff, from, until, known: addDays(until, delayDays), split };
}

/**
 * The cutoffs that rows may be taken at: those whose labels are known by `complete`, and the one to score. A window that
 * hasn't closed gives no rows: they would be neither. `unfit` where none is left.
 */
export function closedWindows(problem: Problem, delayDays: number, complete: (now: Date) => Date): LabelWindow[] {
  const { training, holdout, sealed = [], scoring } = problem.cutoffs;
  const labelled = [
    ...training.map((iso) => windowAt(problem, iso, "training", delayDays)),
    ...[...(holdout === null ? [] : [holdout]), ...sealed].map((iso) => windowAt(problem, iso, "holdout", delayDays)),
  ];
  const score = scoring === null ? [] : [windowAt(problem, scoring, "scoring", delayDays)];
  const open = problem.now === null ? null : complete(momentOf(problem.now));
  const found = [...labelled.filter(({ known }) => open !== null && known <= open), ...score];
  if (found.length === 0)
    throw fault("unfit", "no cutoff has a known label yet; wait for more data or ask about a shorter horizon");
  return found;
}

/** SQL of a table of windows, `__cutoffs(__cutoff, __from, __until, __known_at, __split)`, as a common table expression. */
export function windowsSql(windows: readonly LabelWindow[]): string {
  const values = windows.map(({ cutoff, from, until, known, split }) => {
    const moments = [cutoff, from, until, known].map(timestampSql).join(", ");
    return `(${moments}, ${quoteLiteral(split)})`;
  });
  return `__cutoffs(__cutoff, __from, __until, __known_at, __split) AS (VALUES ${values.join(", ")})`;
}
