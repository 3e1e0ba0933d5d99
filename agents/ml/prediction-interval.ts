import type { PredictionInterval } from "@muster/shared/domain/model.ts";

/** The interval around a predicted number: the number plus the residuals of its group. */
export function intervalAt({ edges, low, high }: PredictionInterval, value: number): [low: number, high: number] {
  let group = 0;
  while (group < edges.length && edges[group]! <= value) group++;
  return [value + low[group]!, value + high[group]!];
}
