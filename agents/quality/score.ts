import type { Profile } from "@muster/shared/domain/profile.ts";
import type { Check } from "@muster/shared/fact/table.ts";

/** The dimensions of quality (ISO/IEC 25012 and DAMA), each 0..1. */
export const dimensions = ["completeness", "uniqueness", "validity", "consistency", "timeliness"] as const;
export type Dimension = (typeof dimensions)[number];

/** A dimension's part: null where nothing measures it. `how` says in words what was counted. */
export type Scored = { dimension: Dimension; score: number | null; weight: number; how: string };

/** Completeness and validity speak of every cell; the others of fewer. */
const WEIGHTS: Record<Dimension, number> = {
  completeness: 3,
  validity: 3,
  uniqueness: 2,
  consistency: 2,
  timeliness: 1,
};

/** What a score is made of. `suspected`: cells that are probably wrong, of those looked at. */
export type Measurements = {
  profile: Profile;
  /** The checks of what is expected; none where nothing is. */
  checks: readonly Check[];
  suspected: { cells: number; of: number };
  freshness: "pass" | "warn" | "error" | "runtime error" | null;
};

const percent = (share: number) => `${(100 * share).toPrecision(4)} %`;

function validity(checks: readonly Check[]): { score: number | null; how: string } {
  const counted = checks.filter(({ observed }) => Number(observed.evaluated) > 0 && observed.value === null);
  if (counted.length === 0) return { score: null, how: "nothing is expected of its values yet" };
  const against = counted.map(({ observed }) => Math.min(1, Number(observed.unexpected) / Number(observed.evaluated)));
  const score = 1 - against.reduce((sum, share) => sum + share, 0) / counted.length;
  return { score, how: `mean share of values as expected over ${counted.length} expectations` };
}

/** How good a dataset version is by each dimension, and in all: 0..100, the weighted mean of those that could be measured. */
export function scoreOf({ profile, checks, suspected, freshness }: Measurements): { score: number; parts: Scored[] } {
  const { rows, columns, duplicates } = profile;
  const cells = rows * columns.length;
  const missing = columns.reduce((sum, { nulls }) => sum + nulls, 0);
  const valid = validity(checks);
  const timely = { pass: 1, warn: 0.5, error: 0, "runtime error": null };
  const scores: Record<Dimension, { score: number | null; how: string }> = {
    completeness: {
      score: cells > 0 ? 1 - missing / cells : null,
      how: cells > 0 ? `${percent(missing / cells)} of ${cells} cells are missing` : "there are no cells",
    },
    uniqueness: {
      score: rows > 0 ? 1 - duplicates.share : null,
      how: `${duplicates.rows} of ${rows} rows equal an earlier one`,
    },
    validity: valid,
    consistency: {
      score: suspected.of > 0 ? 1 - suspected.cells / suspected.of : null,
      how: `${suspected.cells} of ${suspected.of} cells are probably wrong`,
    },
    timeliness: {
      score: freshness === null ? null : timely[freshness],
      how: freshness === null ? "no limit was given for its age" : `its freshness: ${freshness}`,
    },
  };
  const parts = dimensions.map((dimension) => ({ dimension, weight: WEIGHTS[dimension], ...scores[dimension] }));
  const known = parts.filter(({ score }) => score !== null);
  const weight = known.reduce((sum, one) => sum + one.weight, 0);
  const score = weight > 0 ? known.reduce((sum, one) => sum + one.weight * one.score!, 0) / weight : 0;
  return { score: Math.round(1000 * score) / 10, parts };
}
