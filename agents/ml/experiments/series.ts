import { fault } from "@muster/shared/fault.ts";
import type { LoggedMetric } from "./run.ts";

/** Values logged in one call at most. */
const mostValues = 10_000;

/** Keys that the swarm measures itself: nobody else writes them. */
const ours = /^(cv|fold|holdout)[./_]/;

/**
 * Metrics as they were said (a number, or a list with one value a step) as single values. `invalid_input` for a key that the
 * swarm measures itself, or more values than one call may log.
 */
export function seriesOf(
  metrics: Readonly<Record<string, number | readonly number[]>>,
  step: number,
  at: string,
): LoggedMetric[] {
  const own = Object.keys(metrics).find((key) => ours.test(key));
  if (own !== undefined)
    throw fault(
      "invalid_input",
      `${own}: what begins with cv, fold or holdout the swarm measures itself; take another name`,
    );
  const values = Object.entries(metrics).flatMap(([key, said]) =>
    (Array.isArray(said) ? said : [said]).map((value: number, i) => ({ key, step: step + i, at, value })),
  );
  if (values.length > mostValues)
    throw fault(
      "invalid_input",
      `${values.length} values are more than the ${mostValues} of one call; log them in several`,
    );
  return values;
}
