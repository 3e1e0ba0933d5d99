import { setImmediate } from "node:timers/promises";
import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import { type AttributeFairness, Fairness } from "@muster/shared/domain/fairness.ts";
import { datasetNode } from "@muster/shared/domain/lineage.ts";
import { denseClusters } from "@muster/shared/stats/bootstrap.ts";
import { z } from "zod";
import { takeRows } from "../encode.ts";
import { attributesOf } from "../fairness/attributes.ts";
import { compareGroups, type Predicted } from "../fairness/compare.ts";
import { groupsOf } from "../fairness/groups.ts";
import { proxiesOf } from "../fairness/proxy.ts";
import { readAttributes } from "../fairness/read-attributes.ts";
import { scoredOf } from "../holdout.ts";
import type { MlDeps } from "../index.ts";
import { positiveOf } from "../positive.ts";
import { loadFitted } from "../scoring/load-fitted.ts";
import { rawColumnsOf } from "../scoring/raw-columns.ts";
import { readTrainingSet } from "../training/read-training-set.ts";

/** Training rows that the proxy check looks at, evenly spread. */
const proxyRows = 5_000;

/** What evaluate_model stored: every hold-out row that it judged, with label and prediction. */
const Stored = z.object({
  classes: z.array(z.string()),
  threshold: z.number().nullable(),
  row: z.array(z.number().int()),
  cluster: z.array(z.number().int()).nullable(),
  label: z.array(z.number()),
  prediction: z.array(z.array(z.number())),
});
type Stored = z.infer<typeof Stored>;

const method =
  "Hold-out predictions as evaluated. Shares: Wilson 95 % (percentile bootstrap where rows of one entity repeat); other figures and ratios: percentile bootstrap, 95 %, 100 to 400 resamples. Ratio: smallest over largest outcome rate of two groups. Proxies: logistic regression on training rows, 5 folds out of fold, bootstrap of 200.";

export const assessFairness = tool({
  name: "assess_fairness",
  does: "Compares an evaluated model's results and outcome rates by protected attribute on the hold-out, with 95 % intervals, and says how well its features tell each attribute.",
  effect: "read",
  long: true,
  input: z.object({}),
  output: Fairness.extend({ verdict: z.string() }),
  needs: [
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned", as: "scope" },
    { is: "training.cleared", as: "cleared" },
    { is: "view.registered", as: "view" },
    { is: "run.finished", as: "run" },
    { is: "model.evaluated", as: "evaluation" },
    { is: "features.materialized", role: "training", as: "training" },
    { is: "features.materialized", role: "holdout", as: "holdout" },
  ],
  gives: [{ is: "model.fairness" }],
  cost: { ms: 1500 },
  run: async (
    { problem, scope, cleared, view, run, evaluation, training, holdout },
    { lake, threads, seed, getArtifact, lineage }: Context & MlDeps,
  ) => {
    const manifests = new Map<string, DatasetManifest>();
    for (const pin of cleared.datasets) manifests.set(pin, await lake.manifest(pin));
    const { attributes, uncompared } = attributesOf(problem, scope, cleared, manifests);
    const stored = Stored.parse(JSON.parse(Buffer.from(await getArtifact(evaluation.predictions)).toString("utf8")));
    const found: AttributeFairness[] = [];
    if (attributes.length > 0) {
      const source = { lake, threads, problem, cleared, manifests };
      lineage({ inputs: [holdout.dataset, training.dataset, ...cleared.datasets].map(datasetNode) });
      const held = await readAttributes(source, attributes, { pin: holdout.dataset, split: "holdout" });
      const trained = await readAttributes(source, attributes, { pin: training.dataset, split: "training" });
      const predicted = predictedOf(run.task, stored, seed);
      const { inputs } = await loadFitted(run.artifacts.fitted, getArtifact);
      const file = { file: lake.file(training.dataset), task: run.task, positive: positiveOf(problem) };
      const set = await readTrainingSet({ ...file, features: inputs, time: null, threads, memoryMb: 2048 });
      const rows = spread(set.row.length, proxyRows);
      const reads = new Map(view.view.features.map((feature) => [feature.name, rawColumnsOf(feature)]));
      for (const [i, attribute] of attributes.entries()) {
        const { name, column, type, leastRows } = attribute;
        const of = <T>(list: readonly T[], some: ArrayLike<number>) => Array.from(some, (row) => list[row]!);
        const groups = groupsOf(of(held.values[i]!, stored.row), type, of(held.moments, stored.row), leastRows);
        if (groups.names.length < 2) {
          const reason = `fewer than two groups of at least ${leastRows} rows in the hold-out`;
          uncompared.push({ attribute: name, reason });
          continue;
        }
        const own = (feature: string) =>
          reads.get(feature)?.some((read) => read === (attribute.by ? name : column)) ?? false;
        const others = takeRows(
          set.columns.filter((one) => !own(one.name)),
          rows,
        );
        const told = groupsOf(of(trained.values[i]!, rows), type, of(trained.moments, rows), leastRows);
        await setImmediate();
        found.push({
          ...{ attribute: name, isFeature: inputs.some((input) => own(input.name)), bands: groups.bands, leastRows },
          ...compareGroups(groups, predicted),
          ...proxiesOf(others, told, seed),
          unnamed: groups.of.reduce((sum, group) => sum + Number(group < 0), 0),
        });
      }
    }
    const worst = (values: (number | undefined)[], pick: (...of: number[]) => number): number | null => {
      const known = values.filter((value) => value !== undefined);
      return known.length === 0 ? null : pick(...known);
    };
    const fairness: Fairness = {
      attributes: found,
      uncompared,
      worstRatio: worst(
        found.map(({ ratio }) => ratio?.value),
        Math.min,
      ),
      worstTprRatio: worst(
        found.map(({ tprRatio }) => tprRatio?.value),
        Math.min,
      ),
      worstProxyAuc: worst(
        found.map(({ together }) => together?.rocAuc.value),
        Math.max,
      ),
      rows: stored.row.length,
      method,
    };
    return { ...fairness, verdict: verdictOf(fairness) };
  },
});

/** At most so many rows, evenly spread. */
function spread(rows: number, most: number): Int32Array {
  const count = Math.min(rows, most);
  return Int32Array.from({ length: count }, (_, i) => Math.floor((i * rows) / count));
}

/** What was predicted as the figures take it; each row's class is the one that would be served. */
function predictedOf(task: "binary" | "multiclass" | "regression", stored: Stored, seed: number): Predicted {
  const { classes, threshold, cluster, label, prediction } = stored;
  const outputs = prediction.map((values) => Float64Array.from(values));
  const repeated = cluster !== null && new Set(cluster).size < cluster.length;
  return {
    ...{ classes, threshold, seed, served: servedOf(task, outputs, threshold) },
    scored: scoredOf(task, Float64Array.from(label), outputs),
    clusters: repeated ? denseClusters(cluster.map(String)) : null,
  };
}

function servedOf(
  task: "binary" | "multiclass" | "regression",
  outputs: readonly Float64Array[],
  threshold: number | null,
): Int32Array | null {
  if (task === "regression") return null;
  if (task === "binary") return threshold === null ? null : Int32Array.from(outputs[1]!, (p) => Number(p >= threshold));
  return Int32Array.from(outputs[0]!, (_, row) => {
    let best = 0;
    for (let k = 1; k < outputs.length; k++) if (outputs[k]![row]! > outputs[best]![row]!) best = k;
    return best;
  });
}

function verdictOf({ attributes, uncompared }: Fairness): string {
  if (attributes.length === 0 && uncompared.length === 0) return "no protected attribute in the scope";
  const told = attributes.map(({ attribute, ratio, together }) => {
    const rates = ratio
      ? `outcome ratio ${ratio.value.toFixed(2)} (95 %: ${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)})`
      : "no outcome ratio";
    return `${attribute}: ${rates}${together ? `, told by the features at AUC ${together.rocAuc.value.toFixed(2)}` : ""}`;
  });
  return [...told, ...uncompared.map(({ attribute, reason }) => `${attribute}: not compared, ${reason}`)].join("; ");
}
