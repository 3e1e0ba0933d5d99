import type { Figure, ProxyStrength } from "@muster/shared/domain/fairness.ts";
import { seededRandom, shuffled } from "@muster/shared/random.ts";
import { bootstrapReplicates } from "@muster/shared/stats/bootstrap.ts";
import { quantile } from "@muster/shared/stats/quantile.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import { encodeDesign, takeRows } from "../encode.ts";
import { fitDesign } from "../encode-fit.ts";
import { fitLinear } from "../linear/fit.ts";
import type { FeatureColumn } from "../matrix.ts";
import { linearMargins } from "../score.ts";
import { weightedMetrics } from "../weighted-metrics.ts";
import type { Groups } from "./groups.ts";

const folds = 5;
const penalty = 0.01;
const repetitions = 200;
/** The strongest single features that are told. */
const mostAlone = 3;
/** A side of fewer rows can't be told apart from luck. */
const leastRows = 20;

function aucOf(labels: Float64Array, scores: Float64Array, seed: number): Figure | null {
  const metrics = weightedMetrics({ task: "binary", labels, probabilities: scores });
  const auc = (weights: Int32Array) => ({ value: metrics(weights).roc_auc! });
  const { value } = auc(new Int32Array(labels.length).fill(1));
  if (!Number.isFinite(value)) return null;
  const drawn = { rows: labels.length, clusters: null, repetitions, random: seededRandom(seed) };
  const defined = sorted(bootstrapReplicates(drawn, auc).value.filter(Number.isFinite));
  return { value, low: quantile(defined, 0.025), high: quantile(defined, 0.975) };
}

/** Scores of a logistic regression of the columns on the labels, each row scored by the folds it isn't in. */
function outOfFold(columns: FeatureColumn[], labels: Float64Array, seed: number): Float64Array {
  const random = seededRandom(seed);
  const rows = labels.length;
  const fold = new Int32Array(rows);
  for (const [i, row] of shuffled(rows, random).entries()) fold[row] = i % folds;
  const scores = new Float64Array(rows);
  for (let held = 0; held < folds; held++) {
    const all = Int32Array.from(fold.keys());
    const [train, test] = [all.filter((row) => fold[row] !== held), all.filter((row) => fold[row] === held)];
    const own = Float64Array.from(train, (row) => labels[row]!);
    const truth = { task: "binary" as const, classes: ["no", "yes"], values: own };
    const { model, design } = fitDesign(takeRows(columns, train), truth, random);
    // Columns without any value in these rows leave nothing to fit.
    if (design.columns === 0) continue;
    const options = { link: "logistic" as const, classes: 2, penalties: [penalty], splits: [] };
    const { estimator } = fitLinear(design, own, options);
    const margins = linearMargins(estimator, encodeDesign(model, takeRows(columns, test)));
    for (const [i, row] of test.entries()) scores[row] = 1 / (1 + Math.exp(-margins[0]![i]!));
  }
  return scores;
}

/**
 * How well features tell a protected attribute: for each group against the rest the area under the ROC curve of a logistic
 * regression out of fold (5 folds, L2 penalty 0.01, categories encoded), its 95 % interval by a bootstrap of 200. Gives the
 * group that is told best by all features together, and the strongest single features for that group; null and none where
 * there is nothing to tell apart. `columns`: the model's features but for those made of the attribute itself.
 */
export function proxiesOf(
  columns: FeatureColumn[],
  groups: Groups,
  seed: number,
): { together: ProxyStrength | null; alone: ProxyStrength[] } {
  const known = Int32Array.from(groups.of.keys()).filter((row) => groups.of[row]! >= 0);
  const told = takeRows(columns, known);
  let best: { together: ProxyStrength; labels: Float64Array } | null = null;
  // Of two groups each tells the other.
  const asked = groups.names.length === 2 ? [0] : [...groups.names.keys()];
  for (const group of columns.length > 0 && groups.names.length > 1 ? asked : []) {
    const labels = Float64Array.from(known, (row) => Number(groups.of[row] === group));
    const inside = labels.reduce((sum, label) => sum + label, 0);
    if (Math.min(inside, labels.length - inside) < leastRows) continue;
    const rocAuc = aucOf(labels, outOfFold(told, labels, seed), seed);
    if (rocAuc === null || (best && best.together.rocAuc.value >= rocAuc.value)) continue;
    best = { together: { group: groups.names[group]!, features: columns.map(({ name }) => name), rocAuc }, labels };
  }
  if (!best) return { together: null, alone: [] };
  const { together, labels } = best;
  const alone = told.flatMap((column): ProxyStrength[] => {
    const rocAuc = aucOf(labels, outOfFold([column], labels, seed), seed);
    return rocAuc ? [{ group: together.group, features: [column.name], rocAuc }] : [];
  });
  return { together, alone: alone.sort((a, b) => b.rocAuc.value - a.rocAuc.value).slice(0, mostAlone) };
}
