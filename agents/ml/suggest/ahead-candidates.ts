import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { SEASON_BEFORE } from "@muster/shared/features/forecast-labels.ts";
import type { AheadFeature } from "@muster/shared/features/kinds.ts";
import type { ForecastRule } from "@muster/shared/features/label-rule.ts";
import type { Dropped, Scope } from "./scope.ts";

/** What of the target's moment says something by the grid of the series. */
const PARTS: Record<ForecastRule["unit"], AheadFeature["of"][]> = {
  hour: ["hour", "weekday", "month"],
  day: ["weekday", "day", "month"],
  week: ["month"],
  month: ["month"],
};
const SEASONS = 4;
const LASTS = 3;

/**
 * Typed features of a forecast: the step, the target's place in the calendar, the same season before, the last values and
 * means of the series before the origin. `denied` where the series may be predicted but not learned from.
 */
export function aheadCandidates(
  { unit, steps, season, column, series }: ForecastRule,
  { dataset }: Problem,
  scope: Scope,
): { candidates: Feature[]; dropped: Dropped[]; assumptions: string[] } {
  if (column !== null && scope.roles[`${dataset}.${column}`] !== "feature")
    throw fault(
      "denied",
      `${dataset}.${column} isn't cleared to be learned from, so its earlier values can't be either`,
      {
        column: `${dataset}.${column}`,
      },
    );
  const feature = (of: AheadFeature["of"], back: number, name: string, value: boolean): Feature => ({
    ...{ kind: "ahead", name, of, back, column: value ? column : null },
  });
  const numbers = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
  const candidates = [
    ...(steps > 1 ? [feature("step", 1, "step", false)] : []),
    ...PARTS[unit].map((part) => feature(part, 1, `target_${part}`, false)),
    ...numbers(SEASONS).map((k) => feature("season", k, k === 1 ? SEASON_BEFORE : `${SEASON_BEFORE}_${k}`, true)),
    // Where nothing repeats itself the season before is the last value.
    ...numbers(season === 1 ? 0 : LASTS).map((k) => feature("last", k, `last_${k}`, true)),
    ...[...new Set([season, 4 * season])].filter((n) => n > 1).map((n) => feature("mean", n, `mean_of_${n}`, true)),
  ];
  const assumptions = [
    `The series repeats itself every ${season} ${unit}s; what else the table holds isn't known ahead and isn't read.`,
    ...(series === null ? [] : [`All series of ${series} are learned from together.`]),
  ];
  return { candidates, dropped: [], assumptions };
}
