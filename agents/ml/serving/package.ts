import type { Keyed } from "@muster/bus/keyed.ts";
import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import { ColumnType, DatasetPin } from "@muster/shared/domain/dataset.ts";
import { FeatureView } from "@muster/shared/domain/feature.ts";
import { PredictionInterval } from "@muster/shared/domain/model.ts";
import { Problem, Task } from "@muster/shared/domain/problem.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { isOwnRow } from "@muster/shared/features/kinds.ts";
import { onlineFeatures } from "@muster/shared/features/online-groups.ts";
import { z } from "zod";
import type { FittedModel } from "../fitted.ts";
import { onlineLookup } from "./online-lookup.ts";
import type { ScoringFeatures, ServedModel } from "./served-model.ts";

const RawColumn = z.object({ name: z.string(), type: ColumnType });

/**
 * What a deployment serves, as an artifact: which bytes (by hash), which view, what callers send and get, where features
 * that need other rows are looked up, and the data that it was trained on and is scored on. No row and no value of data.
 */
export const ServingPackage = z.object({
  name: z.string(),
  version: z.number().int(),
  run: z.string(),
  /** SHA-256 of the ONNX bytes, as the registry names it, and of the fitted model's JSON. */
  hash: z.string(),
  fitted: z.string(),
  problem: Problem,
  view: FeatureView,
  /** The dataset versions that the problem was pinned to. */
  scope: z.array(DatasetPin),
  training: DatasetPin,
  scoring: DatasetPin,
  /** The features that the graph reads, in its order. */
  features: z.array(z.object({ name: z.string(), type: z.enum(["number", "category"]) })),
  input: z.object({ entity: RawColumn.nullable(), columns: z.array(RawColumn) }),
  output: z.object({
    task: Task,
    classes: z.array(z.string()),
    target: ColumnType,
    threshold: z.number().nullable(),
    interval: PredictionInterval.nullable().default(null),
  }),
  /** Features read by entity key; null where the model needs none. */
  lookup: z.array(z.string()).nullable(),
  /** Features computed at the moment of the request from the events of a key, which the online store holds. */
  online: z.array(z.string()).default([]),
  cutoff: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("none") }),
    z.object({ kind: z.literal("request") }),
    z.object({ kind: z.literal("features") }),
    z.object({ kind: z.literal("fixed"), at: z.string() }),
    z.object({ kind: z.literal("column"), column: z.string() }),
  ]),
});
export type ServingPackage = z.infer<typeof ServingPackage>;

/** What a package is made from; `source` is the manifest of the label's dataset, `scope` the pinned versions. */
export type PackageParts = {
  problem: Problem;
  registered: FactValue<"model.registered">;
  run: FactValue<"run.finished">;
  view: FactValue<"view.registered">;
  scoring: FactValue<"features.materialized">;
  fitted: Pick<FittedModel, "inputs">;
  scope: string[];
  source: Pick<DatasetManifest, "columns">;
};

/**
 * The package of a registered model. Raw inputs are the columns of the entity's own row that the view reads; what needs
 * other rows is looked up by the entity's key, or, where rows have their own time, computed from the events of the keys that
 * the row names. The cutoff is the looked-up features' own time; without them the time of
 * the scoring features (a problem with cutoffs) or the row's own time (a flat table of events), else there is none.
 */
export function packageOf(parts: PackageParts): ServingPackage {
  const { problem, registered, run, view, scoring, fitted, scope, source } = parts;
  const used = new Set(fitted.inputs.map(({ name }) => name));
  const features = view.view.features.filter(({ name }) => used.has(name));
  const online = onlineFeatures({ features }, problem);
  const atRequest = new Set(online.map(({ feature }) => feature.name));
  const lookedUp = features.filter((one) => !isOwnRow(one) && !atRequest.has(one.name)).map(({ name }) => name);
  const typeOf = (name: string): ColumnType => source.columns.find((column) => column.name === name)?.type ?? "text";
  const columns = view.rawColumns.map(({ name, type }) => ({ name, type: ColumnType.parse(type) }));
  const cutoff = cutoffRule(parts, lookedUp.length > 0, online.length > 0);
  const also = [
    ...online.flatMap(({ localKey, ownColumns }) => [localKey, ...ownColumns]),
    ...(cutoff.kind === "column" ? [cutoff.column] : []),
  ];
  for (const name of new Set(also))
    if (!columns.some((column) => column.name === name)) columns.push({ name, type: typeOf(name) });
  return {
    name: registered.name,
    version: registered.version,
    run: run.run,
    hash: registered.hash,
    fitted: run.artifacts.fitted,
    problem,
    view: view.view,
    scope,
    training: run.training,
    scoring: scoring.dataset,
    features: fitted.inputs,
    input: {
      entity: problem.entity === null ? null : { name: problem.entity, type: keyType(problem, typeOf) },
      columns,
    },
    output: {
      task: run.task,
      classes: run.classes,
      target: targetType(problem, typeOf),
      threshold: run.threshold,
      interval: run.interval ?? null,
    },
    lookup: lookedUp.length > 0 ? lookedUp : null,
    online: [...atRequest],
    cutoff,
  };
}

/** The type of the key that callers name a row by; a row of a forecast is named by its series and its target's moment, a text. */
const keyType = ({ label, entity }: Problem, typeOf: (name: string) => ColumnType): ColumnType =>
  label.kind === "forecast" ? "text" : typeOf(entity!);

/** The type of what is predicted: the label column's; of what a rule makes 0 or 1, an amount, or a category. */
function targetType({ label, task }: Problem, typeOf: (name: string) => ColumnType): ColumnType {
  if (label.kind === "column") return typeOf(label.column);
  // Beside the categories there is one for none, which no other type has.
  return task === "regression" ? "number" : task === "multiclass" ? "text" : "integer";
}

function cutoffRule(
  { problem, view, scoring }: PackageParts,
  looksUp: boolean,
  online: boolean,
): ServingPackage["cutoff"] {
  const ages = view.view.features.some((feature) => feature.kind === "age_days" && feature.at === null);
  if (problem.label.kind === "column")
    return problem.time !== null && (ages || online) ? { kind: "column", column: problem.time } : { kind: "none" };
  if (looksUp) return { kind: "features" };
  const at = scoring.asOf ?? problem.cutoffs.scoring;
  return at === null ? { kind: "request" } : { kind: "fixed", at };
}

/** The model to serve from its package, its bytes and the features it looks up. */
export const servedModel = (
  { name, version, hash, view, problem, input, output, online, cutoff }: ServingPackage,
  onnx: Uint8Array,
  lookup: ScoringFeatures | null,
  keyed: Keyed,
  aliases: readonly string[] = ["champion"],
): ServedModel => ({
  ...{ name, version, aliases, hash, onnx, features: view.features, input, output, lookup, cutoff },
  online: online.length === 0 ? null : onlineLookup(keyed, view, problem, new Set(online)),
});
