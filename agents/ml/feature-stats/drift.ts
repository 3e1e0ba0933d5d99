import { totalVariation } from "@muster/shared/stats/distance.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import { homogeneityTest, ksTest } from "@muster/shared/stats/tests.ts";
import type { SampledColumn } from "../suggest/sampled.ts";

/** With fewer rows on a side nothing is said. */
const FEWEST = 30;
/** With more cutoffs than this rows have times of their own, and halves of the time are compared. */
const MOST_CUTOFFS = 12;
const MICROS = 1000;

/** The two stretches of training time that are compared, as rows of the sample. */
export type Stretches = { from: string; to: string; split: string; earlier: Int32Array; later: Int32Array };

/** How a feature differs between them: Kolmogorov–Smirnov's distance of its numbers, or the total variation of its categories. */
export type FeatureDrift = {
  method: "kolmogorov_smirnov" | "total_variation";
  distance: number;
  pValue: number;
  missingEarlier: number;
  missingLater: number;
};

const iso = (micros: number): string => new Date(micros / MICROS).toISOString();

/**
 * The stretches to compare: the first and the last cutoff, or where rows have times of their own the two halves of the
 * sample by time. Null where rows have no time, one only, or too few stand on a side.
 */
export function stretchesOf(cutoffs: Float64Array): Stretches | null {
  const times = sorted(cutoffs.filter((at) => !Number.isNaN(at)));
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined || first === last) return null;
  const distinct = new Set(times).size;
  const split = distinct <= MOST_CUTOFFS ? last : times[times.length >> 1]!;
  const place = (keep: (at: number) => boolean) =>
    Int32Array.from(cutoffs, (at, i) => (keep(at) ? i : -1)).filter((i) => i >= 0);
  const earlier = place((at) => (distinct <= MOST_CUTOFFS ? at === first : at < split));
  const later = place((at) => at >= split);
  if (earlier.length < FEWEST || later.length < FEWEST) return null;
  return { from: iso(first), to: iso(last), split: iso(split), earlier, later };
}

/** How a feature differs between two stretches; null where too few rows have it. Rows count as independent of each other. */
export function driftOf({ coded, values }: SampledColumn, { earlier, later }: Stretches): FeatureDrift | null {
  const missing = (rows: Int32Array) =>
    rows.reduce((sum, row) => sum + Number(coded.codes[row] === 0), 0) / rows.length;
  const gone = { missingEarlier: missing(earlier), missingLater: missing(later) };
  if (values !== null) {
    const known = (rows: Int32Array) =>
      sorted(Float64Array.from(rows, (row) => values[row]!).filter((value) => !Number.isNaN(value)));
    const [a, b] = [known(earlier), known(later)];
    if (a.length < FEWEST || b.length < FEWEST) return null;
    const { statistic, pValue } = ksTest(a, b);
    return { method: "kolmogorov_smirnov", distance: statistic, pValue, ...gone };
  }
  const counts = (rows: Int32Array) => {
    const by = new Float64Array(coded.count);
    for (const row of rows) by[coded.codes[row]!]! += 1;
    return by;
  };
  const [a, b] = [counts(earlier), counts(later)];
  return {
    ...{ method: "total_variation", distance: totalVariation(a, b), pValue: homogeneityTest(a, b).pValue },
    ...gone,
  };
}
