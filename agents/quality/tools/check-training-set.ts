import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import { allowedColumns, type ColumnLeak, refusedColumns } from "@muster/shared/domain/leakage.ts";
import { assertionsOf, datasetNode } from "@muster/shared/domain/lineage.ts";
import { Dropped } from "@muster/shared/domain/model.ts";
import { Check } from "@muster/shared/fact/table.ts";
import { isRelated, ownColumns, relatedValues } from "@muster/shared/features/kinds.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import type { QualityDeps } from "../index.ts";
import { mayTellOf } from "../may-tell.ts";
import { checkTrainingSet as check } from "../training-set.ts";

export const checkTrainingSet = tool({
  name: "check_training_set",
  does: "Says whether a training matrix may be trained on: one row per entity and cutoff, enough of each class, joins that match, no leaking column.",
  effect: "read",
  fresh: true,
  input: z.object({}),
  output: z.object({
    training: DatasetPin,
    rows: z.number().int(),
    positives: z.number().int().nullable(),
    checks: z.array(Check),
    dropped: z.array(Dropped),
    mayTell: z.array(z.string()),
    passed: z.boolean(),
    verdict: z.string(),
  }),
  needs: [
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned", as: "scope" },
    { is: "labels.built", as: "labels" },
    { is: "view.registered", as: "view" },
    { is: "leakage.found", as: "leakage" },
    { is: "features.materialized", role: "training", as: "training" },
  ],
  gives: [{ is: "training_set.passed", when: (out) => out.passed }],
  cost: { ms: 400 },
  run: async ({ problem, scope, view, leakage, training }, { lake, threads, lineage }: Context & QualityDeps) => {
    const joined = view.view.features.filter((feature) => "table" in feature).map((feature) => feature.name);
    const refused = refusedColumns(leakage);
    const confirmed = allowedColumns(leakage);
    const leaking = new Map<string, ColumnLeak>();
    const allowed = new Set<string>();
    for (const feature of view.view.features) {
      const read = columnsRead(feature, problem.dataset);
      const leak = read.find((column) => refused.has(column));
      if (leak !== undefined) leaking.set(feature.name, refused.get(leak)!);
      else if (read.some((column) => confirmed.has(column))) allowed.add(feature.name);
    }
    const own = scope.datasets.find(({ pin }) => parseDatasetRef(pin).name === problem.dataset)!;
    const { columns } = await lake.manifest(own.pin);
    for (const name of mayTellOf(view.view.features, problem, columns)) if (!leaking.has(name)) allowed.add(name);
    const relation = parseDatasetRef(training.dataset).name;
    const found = await withPins(lake, [training.dataset], { threads }, (reader) =>
      check(reader, { relation, columns: training.columns, joined, leaking, allowed }, problem),
    );
    const checks = [...found.checks, await freshness(scope.datasets.map(({ pin }) => pin))];
    const names = training.columns.map((column) => column.name);
    lineage({ inputs: [{ ...datasetNode(training.dataset), assertions: assertionsOf(checks, names) }] });
    const errors = checks.filter((one) => !one.success && one.severity === "error");
    const passed = errors.length === 0;
    const verdict = passed
      ? `${found.rows} rows${found.positives === null ? "" : `, ${found.positives} of the rarer class`}, ${training.columns.length} features; ${checks.length} checks held`
      : errors.map((one) => one.message).join("; ");
    return {
      training: training.dataset,
      rows: found.rows,
      positives: found.positives,
      checks,
      dropped: [],
      mayTell: [...allowed].sort(),
      passed,
      verdict,
    };

    /** Every source is still the newest version of itself. */
    async function freshness(pins: readonly string[]): Promise<Check> {
      const old = [];
      for (const pin of pins) if (!(await lake.isNewest(pin))) old.push(parseDatasetRef(pin).name);
      const message =
        old.length === 0
          ? `all ${pins.length} source tables are at their newest version`
          : `changed since they were pinned: ${old.join(", ")}`;
      return {
        name: "sources_are_newest",
        success: old.length === 0,
        severity: "error",
        observed: { changed: old.length },
        message,
        rows: null,
      };
    }
  },
});

/** The columns that a feature's value is made of, as `dataset.column`. */
const columnsRead = (feature: Feature, dataset: string): string[] =>
  isRelated(feature)
    ? relatedValues(feature).map((name) => `${feature.table}.${name}`)
    : ownColumns(feature).map((name) => `${dataset}.${name}`);
