import type { Explanation } from "@muster/shared/domain/model.ts";
import { takeRows } from "./encode.ts";
import { checkSums, columnMap, globalImportance } from "./explain.ts";
import type { EngineExplainer } from "./explanation/engine-explainer.ts";
import type { FittedModel } from "./fitted.ts";
import type { FeatureColumn } from "./matrix.ts";
import { predictFitted } from "./score.ts";
import { explainerOf, treeSteps } from "./scoring/explainer.ts";
import type { Contributions } from "./tree-shap.ts";

/** Steps of TreeSHAP (leaves × depth² of a tree for a row) that one explanation may take: some seconds, of the engine's or ours. */
const mostSteps = { engine: 5e9, ours: 1e9 };
/** With fewer rows shares would say more about the sample than about the model. */
const fewestRows = 100;
/** Rows explained at once: the engine's calls block, and each costs something of its own. */
const chunkRows = { engine: 200, ours: 25 };

const methods = {
  engine: "exact path-dependent TreeSHAP by the engine",
  tree_shap: "exact path-dependent TreeSHAP",
  decision_path: "decision path, since the trees are too deep for TreeSHAP",
  linear: "coefficient × (value − mean)",
  none: "none",
};

function methodText({ estimator }: FittedModel, method: keyof typeof methods): string {
  if (estimator.kind !== "ensemble") return methods[method];
  const linear = estimator.members.some((member) => member.estimator.kind === "linear") && method !== "linear";
  return `of each member by its weight: ${methods[method]}${linear ? `; of the linear one ${methods.linear}` : ""}`;
}

/**
 * Global importance of a model over rows that it was trained on: shares of the mean absolute contribution to its margin,
 * by raw column and by feature. Trees are explained by the engine's own TreeSHAP where its model is there (`engine`), else by
 * ours; deep ones on fewer rows (`rows` says how many), evenly taken. `reference`: rows whose means linear terms are measured
 * from, where `training` are only some of them. `breathe` lets others work between two parts.
 * `internal` where the contributions of a row don't add up to its margin (1e-4).
 */
export async function explainSample(
  model: FittedModel,
  training: FeatureColumn[],
  rows: number,
  columnsOf: Record<string, string[]>,
  breathe: () => Promise<unknown>,
  { engine = null, reference = training }: { engine?: EngineExplainer | null; reference?: FeatureColumn[] } = {},
): Promise<Explanation> {
  const steps = mostSteps[engine ? "engine" : "ours"];
  const perRow = Math.max(1, treeSteps(model));
  const affordable = perRow > 1 ? Math.floor(steps / perRow) : rows;
  const taken = Math.min(rows, Math.max(fewestRows, affordable));
  const { method, explain } = engine
    ? { method: "engine" as const, explain: engine.explain }
    : explainerOf(model, reference, taken);
  const parts: Contributions[][] = [];
  const chunk = Math.max(1, Math.min(chunkRows[engine ? "engine" : "ours"], Math.floor(steps / 10 / perRow)));
  for (let start = 0; start < taken; start += chunk) {
    const part = Int32Array.from({ length: Math.min(chunk, taken - start) }, (_, i) =>
      Math.floor(((start + i) * rows) / taken),
    );
    const some = takeRows(training, part);
    const outputs = explain(some);
    const { margins } = predictFitted(model, some);
    for (const [k, output] of outputs.entries()) checkSums(output, margins[k]!);
    parts.push(outputs);
    await breathe();
  }
  const { columns, features } = globalImportance(joined(parts), columnMap(model, columnsOf));
  const by = methodText(model, method);
  return { importance: columns, byFeature: features, method: `${by}, on training rows`, rows: taken };
}

/** The same outputs over all parts' rows. */
function joined(parts: Contributions[][]): Contributions[] {
  return (parts[0] ?? []).map((first, k) => {
    const rows = parts.reduce((sum, part) => sum + part[k]!.rows, 0);
    const values = new Float64Array(rows * first.columns);
    let at = 0;
    for (const part of parts) {
      values.set(part[k]!.values, at);
      at += part[k]!.values.length;
    }
    return { ...first, rows, values };
  });
}
