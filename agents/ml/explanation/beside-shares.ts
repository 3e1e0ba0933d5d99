import type { ModelExplanation } from "@muster/shared/domain/model-explanation.ts";
import { takeRows } from "../encode.ts";
import { columnMap } from "../explain.ts";
import type { FittedModel } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import { treeSteps } from "../scoring/explainer.ts";
import { coefficientsOf } from "./coefficients.ts";
import { partialDependence } from "./dependence.ts";
import type { EngineExplainer } from "./engine-explainer.ts";
import { strongestPairs } from "./interplay.ts";

/** Features that dependence is shown of, the strongest. */
const shown = 5;
const dependenceRows = 300;
/** Pairs told. */
const pairs = 10;
/** Steps of TreeSHAP that interactions may take: each row takes two for every design column. */
const interactionSteps = 4e9;
const mostInteractionRows = 100;
const fewestInteractionRows = 20;

/**
 * Coefficients, partial dependence of the strongest features, and which act together, over training rows that are evenly
 * taken. `byFeature`: global importance, strongest first. `breathe` lets others work in between.
 */
export async function besideShares(
  model: FittedModel,
  training: { columns: FeatureColumn[]; rows: number },
  byFeature: readonly { name: string; importance: number }[],
  engine: EngineExplainer | null,
  breathe: () => Promise<unknown>,
): Promise<Pick<ModelExplanation, "coefficients" | "dependence" | "interactions">> {
  const some = evenly(training, dependenceRows);
  const dependence = [];
  for (const { name } of byFeature.filter(({ importance }) => importance > 0).slice(0, shown)) {
    dependence.push(partialDependence(model, some.columns, name));
    await breathe();
  }
  return {
    coefficients: coefficientsOf(model, training.columns),
    dependence,
    interactions: await interactionsOf(model, training, engine, breathe),
  };
}

function evenly({ columns, rows }: { columns: FeatureColumn[]; rows: number }, most: number) {
  const taken = Math.min(rows, most);
  const at = Int32Array.from({ length: taken }, (_, i) => Math.floor((i * rows) / taken));
  return { columns: takeRows(columns, at), rows: taken };
}

async function interactionsOf(
  model: FittedModel,
  training: { columns: FeatureColumn[]; rows: number },
  engine: EngineExplainer | null,
  breathe: () => Promise<unknown>,
): Promise<ModelExplanation["interactions"]> {
  const none = { rows: 0, pairs: [] };
  if (!engine) return none;
  const affordable = Math.floor(interactionSteps / Math.max(1, 2 * model.encoding.length * treeSteps(model)));
  if (affordable < fewestInteractionRows) return none;
  const some = evenly(training, Math.min(mostInteractionRows, affordable));
  const contributions = engine.explain(some.columns);
  await breathe();
  const found = strongestPairs(engine.interactions(some.columns), contributions, columnMap(model, {}), pairs);
  return { rows: some.rows, pairs: found };
}
