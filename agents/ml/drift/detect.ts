import type {
  ColumnDrift,
  DriftBaseline,
  DriftMethod,
  DriftReport,
  DriftVerdict,
} from "@muster/shared/domain/drift-report.ts";
import { fault } from "@muster/shared/fault.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { takeRows } from "../encode.ts";
import type { FeatureColumn } from "../matrix.ts";
import type { Scored } from "../weighted-metrics.ts";
import { type ColumnPair, missingShare, newCategories, pairColumns, rowsOf } from "./column.ts";
import { type Comparison, compare } from "./comparison.ts";
import { byEvidently } from "./evidently.ts";
import { historyNull } from "./history.ts";
import { movesBecause } from "./moving.ts";
import { performanceDrift } from "./performance.ts";
import { permutedNull } from "./permuted.ts";
import { sameSeason } from "./season.ts";

/**
 * What is compared. `importance`: the model's share of each raw column (sums to 1), null where there is no model.
 * `times`: milliseconds of each row, where rows have a time. `moving`: columns known to move by construction.
 * `windows`: the names of both windows with their version or hash. `prediction`: what the model gave in both windows.
 * `performance`: rows of both windows whose label has matured.
 */
export type DriftInput = {
  reference: FeatureColumn[];
  current: FeatureColumn[];
  importance: Record<string, number> | null;
  times?: { reference: Float64Array; current: Float64Array } | null;
  seed: number;
  method: DriftMethod;
  moving: readonly string[];
  windows: { reference: string; current: string };
  prediction?: { reference: FeatureColumn; current: FeatureColumn } | null;
  performance?: { reference: Scored; current: Scored } | null;
};

/** The chance that any column of a report is called while nothing drifts, by each null; both have to be beaten. */
const alpha = { permutation: 0.01, history: 0.025 };
/** A history that asks for more than half of the rows to move can't tell drift from its own variety. */
const mostThreshold = 0.5;
/** Fewer rows than this in either window, and the report abstains; the stability index fills ten bins, which takes more. */
const leastRows: Record<DriftMethod, number> = { default: 30, evidently: 30, psi: 100 };
/** The least effect that matters: a share of rows (KS distance, total variation); for `psi` the index itself. */
const leastEffect: Record<"default" | "psi", number> = { default: 0.05, psi: 0.1 };

/**
 * The drift report of two windows.
 *
 * `default` and `psi`: a column drifted where its score passes the threshold (the 99 % quantile of the joint permutation
 * null and, where there is time, also the prediction bound of the reference's own history; both corrected for the number of
 * columns) and its effect reaches the least that matters (5 % of rows; index 0.1). The report drifted where such a column
 * still has that effect after weighting by min(1, importance × columns), or where the prediction or the performance
 * drifted: a column of no importance alone never makes a report drifted. Missing rows count as a value.
 * `evidently`: its fixed rules, and drifted where half of the columns are.
 * Abstains below 30 rows (psi: 100) in either window, where no column is left to compare, and where the reference's history
 * varies so much that more than half of the rows would have to move. Seeded: equal input, equal report.
 */
export function detectDrift(input: DriftInput): DriftReport {
  const rows = { reference: rowsOf(input.reference), current: rowsOf(input.current) };
  checkTimes(input, rows);
  const random = seededRandom(input.seed);
  const kept = choosePairs(input);
  const performance = input.performance
    ? performanceDrift(input.performance.reference, input.performance.current, random)
    : null;
  const fewest = Math.min(rows.reference, rows.current);
  const least = leastRows[input.method];
  const lacking =
    fewest < least
      ? `${fewest} rows can't tell drift from chance; at least ${least} in each window are needed`
      : kept.pairs.length === 0
        ? "no column is left to compare: all move by construction"
        : null;
  const report = (rest: Pick<DriftReport, "verdict" | "reason" | "share" | "columns" | "prediction" | "baseline">) => ({
    method: input.method,
    reference: input.windows.reference,
    current: input.windows.current,
    rows,
    leftOut: kept.leftOut,
    performance,
    ...rest,
  });
  if (lacking !== null) {
    const columns = kept.pairs.map((pair) => columnOf(pair, input, abstained(pair)));
    const prediction = predictionPair(input);
    const baseline = fixedBaseline(input.seed);
    return report({
      verdict: performance?.verdict === "drifted" ? "drifted" : "abstained",
      reason: performance?.verdict === "drifted" ? performance.reason : lacking,
      share: 0,
      columns,
      prediction: prediction ? columnOf(prediction, input, abstained(prediction)) : null,
      baseline,
    });
  }
  const judged = judge(input, kept.pairs, random);
  const share = judged.columns.filter((c) => c.verdict === "drifted").length / judged.columns.length;
  const verdict = verdictOf(input, judged.columns, judged.prediction, performance?.verdict === "drifted", share);
  return report({ ...judged, ...verdict, share });
}

function checkTimes({ times }: DriftInput, rows: { reference: number; current: number }): void {
  if (!times) return;
  if (times.reference.length !== rows.reference || times.current.length !== rows.current) {
    throw fault("invalid_input", "times and rows differ in number; pass one time for each row of both windows");
  }
  if (times.reference.some(Number.isNaN) || times.current.some(Number.isNaN)) {
    throw fault("invalid_input", "a row has no time; leave such rows out or compare without times");
  }
}

function choosePairs({ reference, current, moving, times }: DriftInput) {
  const pairs: ColumnPair[] = [];
  const leftOut: { name: string; reason: string }[] = [];
  for (const pair of pairColumns(reference, current)) {
    const reason = moving.includes(pair.name) ? "moves by construction" : movesBecause(pair, times?.reference ?? null);
    if (reason === null) pairs.push(pair);
    else leftOut.push({ name: pair.name, reason });
  }
  return { pairs, leftOut };
}

function predictionPair({ prediction }: DriftInput): ColumnPair | null {
  return prediction ? pairColumns([prediction.reference], [prediction.current])[0]! : null;
}

type Judged = { columns: ColumnDrift[]; prediction: ColumnDrift | null; baseline: DriftBaseline };

function judge(input: DriftInput, pairs: ColumnPair[], random: () => number): Judged {
  const prediction = predictionPair(input);
  const all = prediction ? [...pairs, prediction] : pairs;
  const judged = input.method === "evidently" ? judgeByRule(input, all) : judgeByNull(input, input.method, all, random);
  return {
    columns: judged.columns.slice(0, pairs.length),
    prediction: prediction ? judged.columns.at(-1)! : null,
    baseline: judged.baseline,
  };
}

type Finding = Omit<ColumnDrift, "name" | "importance" | "missing" | "newCategories" | "newShare">;

function judgeByRule(input: DriftInput, pairs: ColumnPair[]) {
  const columns = pairs.map((pair) => {
    const found = byEvidently(pair);
    return columnOf(pair, input, found ? { ...found, effect: found.score } : abstained(pair));
  });
  return { columns, baseline: fixedBaseline(input.seed) };
}

function judgeByNull(input: DriftInput, method: "default" | "psi", pairs: ColumnPair[], random: () => number) {
  const seasonal = input.times
    ? sameSeason(input.times, Math.max(leastRows[method], 8 * input.times.current.length))
    : null;
  const inSeason = seasonal && seasonal.season.length > 0 ? pairs.map((pair) => onlyRows(pair, seasonal.rows)) : pairs;
  const comparisons = inSeason.map((pair) => compare(pair, method));
  const rows = { reference: inSeason[0]!.reference.values.length, current: inSeason[0]!.current.values.length };
  const permuted = permutedNull(comparisons, rows, alpha.permutation, random);
  const history =
    input.times && seasonal
      ? historyNull(
          comparisons,
          seasonal.rows.length === input.times.reference.length
            ? input.times.reference
            : Float64Array.from(seasonal.rows, (row) => input.times!.reference[row]!),
          rows.current,
          alpha.history,
          leastRows[method],
        )
      : null;
  const columns = pairs.map((pair, j) => {
    const { score, effect, method: name } = comparisons[j] as Comparison;
    // Both nulls have to be beaten: rows of one time resemble each other, and few chunks say little.
    const threshold = Math.max(permuted.thresholds[j]!, history?.thresholds[j] ?? 0);
    const pValue = Math.max(permuted.pValues[j]!, history?.pValues[j] ?? 0);
    const beaten = permuted.pValues[j]! <= alpha.permutation && (history?.pValues[j] ?? 0) <= alpha.history;
    const verdict: DriftVerdict =
      beaten && effect >= leastEffect[method]
        ? "drifted"
        : name !== "psi" && threshold > mostThreshold
          ? "abstained"
          : "not_drifted";
    return columnOf(pair, input, {
      method: name,
      score,
      threshold,
      pValue,
      effect,
      verdict,
    });
  });
  const baseline: DriftBaseline = {
    kind: history ? "history" : "permutation",
    permutations: permuted.permutations,
    sampled: permuted.sampled,
    chunks: history?.chunks ?? 0,
    chunkRows: history?.chunkRows ?? 0,
    season: seasonal?.season ?? [],
    seed: input.seed,
  };
  return { columns, baseline };
}

const onlyRows = (pair: ColumnPair, rows: Int32Array): ColumnPair => ({
  ...pair,
  reference: takeRows([pair.reference], rows)[0]!,
});

const columnOf = (pair: ColumnPair, input: DriftInput, finding: Finding): ColumnDrift => ({
  name: pair.name,
  ...finding,
  importance: input.importance ? (input.importance[pair.name] ?? 0) : null,
  missing: { reference: missingShare(pair.reference), current: missingShare(pair.current) },
  ...newCategories(pair),
});

const abstained = (pair: ColumnPair): Finding => ({
  method: pair.reference.type === "number" ? "ks" : "jensen_shannon",
  score: null,
  threshold: null,
  pValue: null,
  effect: null,
  verdict: "abstained",
});

const fixedBaseline = (seed: number): DriftBaseline => ({
  kind: "fixed",
  permutations: 0,
  sampled: null,
  chunks: 0,
  chunkRows: 0,
  season: [],
  seed,
});

function verdictOf(
  input: DriftInput,
  columns: ColumnDrift[],
  prediction: ColumnDrift | null,
  performanceDrifted: boolean,
  share: number,
): Pick<DriftReport, "verdict" | "reason"> {
  const counted = columns.filter((c) => c.verdict === "drifted" && matters(input, c, columns.length));
  const seen = columns.filter((c) => c.verdict === "drifted");
  const dataDrifted = input.method === "evidently" ? share >= 0.5 : counted.length > 0;
  const because = [
    dataDrifted && `${seen.length} of ${columns.length} columns drifted: ${seen.map((c) => c.name).join(", ")}`,
    prediction?.verdict === "drifted" && "the predictions drifted",
    performanceDrifted && "the model got worse on matured labels",
  ].filter((part) => part !== false);
  if (because.length > 0) return { verdict: "drifted", reason: because.join("; ") };
  if (columns.every((c) => c.verdict === "abstained")) {
    return { verdict: "abstained", reason: "the reference's own history varies too much to tell drift from it" };
  }
  const aside = seen.length > 0 ? ` (${seen.map((c) => c.name).join(", ")} moved, of too little weight to count)` : "";
  return { verdict: "not_drifted", reason: `no column that matters moved by more than chance${aside}` };
}

/** Whether a column's effect still reaches the least after weighting; at or above the average importance it counts in full. */
function matters(input: DriftInput, column: ColumnDrift, columns: number): boolean {
  if (input.method === "evidently") return true;
  const weight = column.importance === null ? 1 : Math.min(1, column.importance * columns);
  return (column.effect ?? 0) * weight >= leastEffect[input.method];
}
