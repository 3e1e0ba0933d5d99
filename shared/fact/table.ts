import { z } from "zod";
import { ReservedWork } from "../domain/budget.ts";
import { Classification, Sensitivity } from "../domain/classification.ts";
import { DatasetName, DatasetPin } from "../domain/dataset.ts";
import { DriftReport } from "../domain/drift-report.ts";
import { Estimate, TrainingData } from "../domain/estimate.ts";
import { ExportedRun } from "../domain/exported-run.ts";
import { Fairness } from "../domain/fairness.ts";
import { Feature, FeatureReason, FeatureView, Redundancy } from "../domain/feature.ts";
import { Comparison, Confirmation, Ideas, Proposal } from "../domain/improvement.ts";
import { Join } from "../domain/join.ts";
import { Leakage } from "../domain/leakage.ts";
import { Candidate, Dropped, Evaluation, Explanation, RunResult } from "../domain/model.ts";
import { Problem } from "../domain/problem.ts";
import { Profile } from "../domain/profile.ts";
import { Autonomy, Role } from "../domain/receipt.ts";
import { Search } from "../domain/search.ts";
import { ErrorSlices } from "../domain/slice.ts";
import { type FactType, fact } from "./fact.ts";

const minute = 60_000;
const day = 24 * 60 * minute;

/** One check of a gate: what was expected, whether it held, what was observed, and a query that shows the rows. */
export const Check = z.object({
  name: z.string(),
  success: z.boolean(),
  severity: z.enum(["error", "warn"]),
  observed: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
  message: z.string(),
  rows: z.string().nullable(),
});
export type Check = z.infer<typeof Check>;

/** The role a clearance gives a column, keyed `dataset.column`. */
export const ColumnRole = z.enum(["feature", "key", "evaluate_only", "none"]);
export type ColumnRole = z.infer<typeof ColumnRole>;

/** The table of facts: what each is about, who may give it, what its value is. The whole contract between agents. */
export const facts = {
  "request.accepted": fact(
    "permission",
    "door",
    ["request", "person", "purpose"],
    z.object({
      request: z.string(),
      person: z.string(),
      roles: z.array(Role),
      purpose: z.string(),
      budgetUsd: z.number().nullable(),
      autonomy: Autonomy,
      textHash: z.string(),
      schedule: z.string().nullable(),
    }),
    { ttlMs: 25 * 60 * minute },
  ),
  "person.confirmed": fact(
    "permission",
    "door",
    ["person", "tool", "arguments"],
    z.object({ person: z.string(), tool: z.string(), arguments: z.string(), roles: z.array(Role) }),
    { ttlMs: 15 * minute, consumed: true },
  ),
  "problem.defined": fact("finding", "ml", ["problem"], Problem),
  "scope.pinned": fact(
    "finding",
    "catalog",
    ["problem", "scope"],
    z.object({
      datasets: z.array(z.object({ pin: DatasetPin, part: z.enum(["label", "entity", "related"]) })),
      joins: z.array(Join),
    }),
    { members: (value) => value.datasets.map((d) => d.pin) },
  ),
  "dataset.profiled": fact("finding", "quality", ["dataset"], Profile, { ttlMs: 30 * day }),
  "dataset.classified": fact("finding", "governance", ["dataset"], Classification, { ttlMs: 30 * day }),
  "quality.passed": fact(
    "finding",
    "quality",
    ["dataset"],
    z.object({
      dataset: DatasetPin,
      checks: z.array(Check),
      statistics: z.object({ evaluated: z.number().int(), successful: z.number().int(), older: z.number().int() }),
      repair: z.array(z.string()),
    }),
    { ttlMs: 30 * day },
  ),
  "expectations.checked": fact(
    "finding",
    "quality",
    ["dataset"],
    z.object({ evaluated: z.number().int(), successful: z.number().int() }),
    { ttlMs: 30 * day },
  ),
  "training.cleared": fact(
    "permission",
    "governance",
    ["problem", "scope", "person", "purpose"],
    z.object({
      datasets: z.array(DatasetPin),
      /**
       * `use`: what the problem reads the column for beside its role: the label, or to know what was known when.
       * `compared`: a protected attribute to compare results by, in groups of at least so many rows.
       */
      columns: z.record(
        z.string(),
        z.object({
          role: ColumnRole,
          use: z.enum(["label", "time"]).nullable().default(null),
          compared: z.number().int().positive().nullable().optional(),
          reason: z.string(),
          pii: z.boolean(),
        }),
      ),
      dropped: z.array(Dropped),
      obligations: z.array(z.string()),
      policies: z.array(z.string()),
    }),
  ),
  /** What of a dataset may be shown to the person: `plain`, `masked` (a keyed hash), `grouped` (at least `rows` a group), `none`. */
  "access.cleared": fact(
    "permission",
    "governance",
    ["dataset", "person", "purpose"],
    z.object({
      columns: z.record(
        z.string(),
        z.object({
          show: z.enum(["plain", "masked", "grouped", "none"]),
          rows: z.number().int().positive().nullable(),
          reason: z.string(),
        }),
      ),
      policies: z.array(z.string()),
      obligations: z.array(z.string()),
    }),
  ),
  "labels.built": fact(
    "effect",
    "pipeline",
    ["problem", "scope"],
    z.object({
      dataset: DatasetPin,
      classes: z.array(z.string()),
      rows: z.object({ training: z.number().int(), holdout: z.number().int(), scoring: z.number().int() }),
      cutoffs: z.array(
        z.object({
          cutoff: z.string().nullable(),
          split: z.string(),
          rows: z.number().int(),
          rate: z.number().nullable(),
        }),
      ),
    }),
  ),
  "leakage.found": fact("finding", "quality", ["problem", "scope"], Leakage),
  "features.suggested": fact(
    "finding",
    "ml",
    ["problem", "scope", "purpose", "exclude"],
    z.object({
      features: z.array(Feature),
      reasons: z.array(FeatureReason),
      redundant: z.array(Redundancy).optional(),
      dropped: z.array(Dropped),
    }),
  ),
  "view.defined": fact("finding", "ml", ["problem", "scope", "purpose", "view"], FeatureView),
  "view.registered": fact(
    "effect",
    "pipeline",
    ["problem", "scope", "purpose", "view"],
    z.object({
      view: FeatureView,
      sql: z.string(),
      sqlHash: z.string(),
      columns: z.array(z.object({ name: z.string(), type: z.enum(["number", "category"]) })),
      rawColumns: z.array(z.object({ name: z.string(), type: z.string() })),
    }),
  ),
  "features.materialized": fact(
    "effect",
    "pipeline",
    ["problem", "scope", "view", "@role"],
    z.object({
      role: z.enum(["training", "holdout", "scoring"]),
      dataset: DatasetPin,
      rows: z.number().int(),
      columns: z.array(z.object({ name: z.string(), type: z.enum(["number", "category"]) })),
      asOf: z.string().nullable(),
    }),
  ),
  "features.backfilled": fact(
    "effect",
    "pipeline",
    ["problem", "scope", "view", "backfill"],
    z.object({ dataset: DatasetPin, rows: z.number().int(), cutoffs: z.array(z.string()) }),
  ),
  "training_set.passed": fact(
    "finding",
    "quality",
    ["problem", "scope", "view", "training"],
    z.object({
      training: DatasetPin,
      rows: z.number().int(),
      positives: z.number().int().nullable(),
      checks: z.array(Check),
      dropped: z.array(Dropped),
      /** Features that may tell the target however strongly: they are made of what was known by then alone. */
      mayTell: z.array(z.string()).optional(),
    }),
  ),
  "candidates.chosen": fact(
    "finding",
    "ml",
    ["problem", "view", "training"],
    z.object({
      candidates: z.array(Candidate),
      rows: z.number().int(),
      columns: z.number().int(),
      folds: z.number().int(),
      validation: z.string(),
      data: TrainingData.optional(),
      /** The search whose best settings are proposed, and what it left for their training in the request that searched. */
      search: Search.pick({ search: true, left: true }).optional(),
      /** What the nearest rows' labels tell of a row's own, 0 (nothing) to 1, on a sample. */
      signal: z.number().min(0).max(1).optional(),
    }),
  ),
  "training.estimated": fact("finding", "cost", ["problem", "view", "training"], Estimate, { ttlMs: day }),
  "budget.reserved": fact("permission", "cost", ["request", "person", "problem", "view", "training"], ReservedWork, {
    consumed: true,
  }),
  /** A search and the training of what it finds, together: the training reserves its own part again, inside what is left. */
  "search.reserved": fact(
    "permission",
    "cost",
    ["request", "person", "problem", "view", "training"],
    ReservedWork.extend({ trials: z.number().int().positive() }),
    { consumed: true },
  ),
  "parameters.tuned": fact("finding", "ml", ["problem", "view", "training"], Search, { ttlMs: 30 * day }),
  "run.finished": fact("effect", "ml", ["problem", "scope", "view", "training", "model", "purpose"], RunResult),
  "model.evaluated": fact(
    "effect",
    "ml",
    ["problem", "scope", "view", "training", "holdout", "model", "purpose"],
    Evaluation,
  ),
  /** Files of a run that the person who asked may fetch at the door. */
  "run.exported": fact("permission", "ml", ["request", "run", "person", "purpose"], ExportedRun, {
    ttlMs: 15 * minute,
  }),
  "model.explained": fact("finding", "ml", ["problem", "view", "training", "model"], Explanation),
  "slices.found": fact("finding", "ml", ["problem", "scope", "view", "training", "model"], ErrorSlices),
  /** What a language model thought of for a round; improve_model alone makes proposals of it, by the gates that its own pass. */
  "features.proposed": fact("permission", "planner", ["problem", "scope", "purpose", "view", "challenger"], Ideas),
  /** A round's challenger holds for the request that tries it: what isn't confirmed is nothing to stand on. */
  "improvement.proposed": fact("permission", "ml", ["problem", "scope", "purpose", "round", "challenger"], Proposal),
  "improvement.compared": fact("permission", "ml", ["problem", "scope", "purpose", "round", "challenger"], Comparison),
  "improvement.confirmed": fact(
    "effect",
    "ml",
    ["problem", "scope", "view", "training", "holdout", "model", "purpose"],
    Confirmation,
  ),
  "model.registered": fact(
    "effect",
    "ml",
    ["problem", "scope", "view", "training", "model", "purpose"],
    z.object({ name: z.string(), version: z.number().int(), hash: z.string() }),
  ),
  "model.fairness": fact(
    "finding",
    "ml",
    ["problem", "scope", "view", "training", "holdout", "model", "purpose"],
    Fairness,
  ),
  "deployment.cleared": fact(
    "permission",
    "governance",
    ["problem", "model", "person", "purpose"],
    z.object({ policies: z.array(z.string()), reasons: z.array(z.string()) }),
  ),
  "change.cleared": fact(
    "permission",
    "governance",
    ["deployment", "person", "purpose", "@role"],
    z.object({ policies: z.array(z.string()), reasons: z.array(z.string()) }),
  ),
  "deployment.live": fact(
    "effect",
    "ml",
    ["problem", "scope", "view", "training", "model", "purpose", "deployment"],
    z.object({ name: z.string(), version: z.number().int(), hash: z.string(), url: z.string() }),
  ),
  "predictions.written": fact(
    "effect",
    "ml",
    ["problem", "model", "deployment", "scoring"],
    z.object({ dataset: DatasetName, pin: DatasetPin, rows: z.number().int() }),
  ),
  "monitoring.started": fact(
    "effect",
    "pipeline",
    ["deployment", "model"],
    z.object({ schedule: z.string(), cron: z.string(), nextRun: z.string() }),
  ),
  "drift.checked": fact(
    "finding",
    "ml",
    ["deployment", "model", "current"],
    z.object({ deployment: z.string(), report: DriftReport }),
    { ttlMs: day },
  ),
  /** A version that answers a share of a deployment's requests, or shadows them, cleared to go live as any other. */
  "ab_test.started": fact(
    "effect",
    "ml",
    ["problem", "scope", "view", "training", "model", "purpose", "deployment"],
    z.object({ test: z.string(), deployment: z.string(), version: z.number().int(), against: z.number().int() }),
  ),
  /** What is known by now of what a deployment predicted: `outcomes` is the version that holds every arrival so far. */
  "outcomes.recorded": fact(
    "effect",
    "ml",
    ["deployment", "outcomes"],
    z.object({
      deployment: z.string(),
      outcomes: DatasetPin,
      rows: z.number().int(),
      matched: z.number().int(),
      matured: z.object({
        entities: z.number().int(),
        labelled: z.number().int(),
        share: z.number().min(0).max(1).nullable(),
      }),
    }),
  ),
  "approval.given": fact(
    "permission",
    "governance",
    ["request", "what"],
    /** `content`: the hash of what was approved beside its text; null where the text says it all. */
    z.object({
      approval: z.string(),
      what: z.string(),
      content: z.string().nullable().optional(),
      decidedBy: z.string(),
      comment: z.string().nullable(),
    }),
    { consumed: true },
  ),
  "dataset.sensitivity": fact("finding", "governance", ["dataset"], Sensitivity, { ttlMs: 30 * day }),
  "dataset.registered": fact(
    "effect",
    "catalog",
    ["dataset"],
    z.object({ dataset: DatasetPin, rows: z.number().int() }),
  ),
} as const satisfies Record<string, FactType>;

/** The name of a fact. */
export type FactName = keyof typeof facts;
/** The value of a fact by its name. */
export type FactValue<F extends FactName> = z.infer<(typeof facts)[F]["value"]>;

/** The row of the table for a name that came from outside; undefined when there is none. */
export const factType = (name: string): FactType | undefined => (facts as Record<string, FactType>)[name];

/** The doors: processes that authenticate people and may sign what people ask and confirm. */
export const doors: readonly string[] = ["gateway", "sweeps"];

/** Whether a process may give a fact: an agent's own worker may, another agent never. */
export function mayGive(process: string, type: FactType): boolean {
  return type.by === "door" ? doors.includes(process) : process === type.by || process === `${type.by}-worker`;
}
