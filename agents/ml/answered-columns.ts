import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import {
  type ColumnLineage,
  type ColumnSource,
  datasetNode,
  type LineageNode,
  modelOutput,
} from "@muster/shared/domain/lineage.ts";
import { scoreColumns } from "./scoring/score-columns.ts";
import type { ServingPackage } from "./serving/package.ts";

const source = (from: LineageNode, column: string, type: ColumnSource["type"], subtype: string): ColumnSource => ({
  ...{ from, column, type, subtype },
});

/** What a model's answer is made of: each feature it was trained on, and the label that it learned to tell. */
export function trainedColumns(training: DatasetPin, features: readonly { name: string }[]): ColumnLineage[] {
  const from = datasetNode(training);
  const read = features.map(({ name }) => source(from, name, "DIRECT", "TRANSFORMATION"));
  return [{ name: modelOutput, sources: [...read, source(from, "__label", "INDIRECT", "CONDITIONAL")] }];
}

/** What the columns of written scores are made of: the row's key and cutoff, and what the deployment answers to its features. */
export function scoredColumns(served: ServingPackage, deployed: LineageNode, scoring: DatasetPin): ColumnLineage[] {
  const { classes, target, interval } = served.output;
  const layout = scoreColumns(served.input.entity, classes, target, interval !== null);
  const from = datasetNode(scoring);
  const features = served.features.map(({ name }) => source(from, name, "DIRECT", "TRANSFORMATION"));
  const answer = source(deployed, modelOutput, "DIRECT", "IDENTITY");
  return layout.columns.flatMap(({ name }): ColumnLineage[] => {
    if (name === layout.entity) return [{ name, sources: [source(from, "__entity", "DIRECT", "IDENTITY")] }];
    if (name === "cutoff") return [{ name, sources: [source(from, "__cutoff", "DIRECT", "IDENTITY")] }];
    if (name === "model_version" || name === "scored_at") return [{ name, sources: [] }];
    // Reasons tell values of the features beside their share.
    const told = [layout.prediction, ...layout.interval, ...layout.probabilities].includes(name) ? [answer] : [];
    return [{ name, sources: [...told, ...features] }];
  });
}
