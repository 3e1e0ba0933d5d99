import { studentCdf, studentQuantile } from "@muster/shared/stats/distributions.ts";
import { argsort } from "@muster/shared/stats/sort.ts";
import { type Comparison, count } from "./comparison.ts";

/** What the reference's own history says of each column. */
export type HistoryNull = { pValues: number[]; thresholds: number[]; chunks: number; chunkRows: number };

const leastChunks = 8;
const mostChunks = 200;

/**
 * The null from the reference's own history: consecutive chunks in time, each scored against the rest of the reference as
 * the current rows are against all of it. The threshold is the upper prediction bound for one more chunk: Student's t on
 * the log-odds of the scores (the stability index: on their logarithm), which evens out their skew and keeps a bounded
 * score bounded; α is shared by the columns. Chunks have the current size; where fewer than 8 fit, an eighth of the
 * reference (whose larger scores err on the quiet side). At most 200 chunks, evenly spread, are scored.
 * Null where not even 8 chunks of `leastRows` fit.
 */
export function historyNull(
  comparisons: Comparison[],
  times: Float64Array,
  currentRows: number,
  alpha: number,
  leastRows: number,
): HistoryNull | null {
  const rows = times.length;
  const chunkRows = Math.min(currentRows, Math.floor(rows / leastChunks));
  if (chunkRows < leastRows) return null;
  const order = Int32Array.from(argsort(times));
  const fitting = Math.floor(rows / chunkRows);
  const chunks = Math.min(fitting, mostChunks);
  const starts = Array.from({ length: chunks }, (_, i) => Math.floor((i * (rows - chunkRows)) / (chunks - 1)));
  const level = 1 - alpha / comparisons.length;
  const bound = studentQuantile(level, chunks - 1) * Math.sqrt(1 + 1 / chunks);
  const pValues: number[] = [];
  const thresholds: number[] = [];
  for (const comparison of comparisons) {
    const { to, from } = scaleOf(comparison, 1 / chunkRows + 1 / (rows - chunkRows));
    const { reference, levels } = comparison.code({ reference: order, current: new Int32Array(0) });
    const total = count(reference, levels);
    const rest = new Int32Array(levels);
    const values = starts.map((start) => {
      const chunk = count(reference.subarray(start, start + chunkRows), levels);
      for (let i = 0; i < levels; i++) rest[i] = total[i]! - chunk[i]!;
      return to(comparison.scoreOf(rest, chunk));
    });
    const mean = values.reduce((a, v) => a + v, 0) / chunks;
    const deviation = Math.sqrt(values.reduce((a, v) => a + (v - mean) ** 2, 0) / (chunks - 1));
    thresholds.push(from(mean + bound * deviation));
    const distance = to(comparison.score) - mean;
    // A column that never moved: anything above it is beyond every bound, the same is not.
    const still = distance > 0 ? Infinity : 0;
    const t = deviation === 0 ? still : distance / (deviation * Math.sqrt(1 + 1 / chunks));
    const tail = t === Infinity ? 0 : t <= 0 ? 1 : 1 - studentCdf(t, chunks - 1);
    pValues.push(Math.min(1, tail * comparisons.length));
  }
  return { pValues, thresholds, chunks, chunkRows };
}

/**
 * The scale on which scores of chunks are close to normal. Scores far below what independent rows of these sizes give say
 * nothing, and on a logarithm would look like great variety; they are held at a third of that.
 */
function scaleOf({ power }: Comparison, inverseRows: number) {
  const floor = power === 1 ? inverseRows : 0.3 * Math.sqrt(inverseRows);
  if (power === 1) return { to: (score: number) => Math.log(Math.max(floor, score)), from: Math.exp };
  const to = (score: number) => {
    const inside = Math.min(1 - floor, Math.max(floor, score));
    return Math.log(inside / (1 - inside));
  };
  return { to, from: (odds: number) => 1 / (1 + Math.exp(-odds)) };
}
