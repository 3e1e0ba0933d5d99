import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { columnsRead, type ReadColumn } from "@muster/shared/features/lineage.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { describeFeatures } from "../feature-stats/describe.ts";
import { driftOf, stretchesOf } from "../feature-stats/drift.ts";
import type { MlDeps } from "../index.ts";
import { associationOf, noiseOf } from "../suggest/noise.ts";
import { pearson } from "../suggest/rank.ts";
import { readSample, type Sample } from "../suggest/sampled.ts";
import { strengthOf } from "../suggest-features.ts";

/** Worth, correlations and drift are measured on at most so many rows, chosen by the hash of their entity. */
const mostSampled = 12_000;
const mostPartners = 3;

const share = z.number().min(0).max(1);
const Stats = z.object({
  name: z.string(),
  kind: z.string(),
  type: z.enum(["number", "category"]),
  /** The columns that it is made of, as `dataset.column`. */
  from: z.array(z.string()),
  missing: z.number().int(),
  missingShare: share,
  distinct: z.number().int(),
  /** Over at least 20 values; null for a category, and for a feature made of personal data. */
  mean: z.number().nullable(),
  sd: z.number().nullable(),
  /** Those beyond which at least 20 rows lie. */
  quantiles: z.record(z.string(), z.number()),
  /** Categories of at least 20 rows; none of a feature that reads personal data. */
  top: z.array(z.object({ value: z.string(), rows: z.number().int() })),
  worth: z.object({
    strength: share,
    noise: share,
    above: z.boolean(),
    /** ROC AUC alone, or the rank correlation with an amount; null for categories and several classes. */
    rank: z.number().nullable(),
    /** The share of the target's information. */
    information: share,
  }),
  correlated: z.array(z.object({ with: z.string(), r: z.number() })),
  drift: z
    .object({
      method: z.enum(["kolmogorov_smirnov", "total_variation"]),
      distance: share,
      pValue: share,
      missingEarlier: share,
      missingLater: share,
    })
    .nullable(),
});

export const getFeatureStats = tool({
  name: "get_feature_stats",
  does: "Describes each feature of a training set: missing, distinct, spread, quantiles, categories, worth with its noise, correlations, drift in training time; each with where it comes from.",
  effect: "read",
  input: z.object({
    /** Only these features of the view. */
    features: z.array(z.string().min(1).max(127)).min(1).max(200).optional(),
  }),
  output: z.object({
    view: z.string(),
    training: DatasetPin,
    rows: z.number().int(),
    features: z.array(Stats),
    /** Which rows each group of numbers was computed on, and how. */
    basis: z.array(z.object({ numbers: z.array(z.string()), rows: z.number().int(), how: z.string() })),
    /** The stretches of time that drift compares; null where nothing could be compared. */
    stretches: z
      .object({ from: z.string(), split: z.string(), to: z.string(), rows: z.tuple([z.number(), z.number()]) })
      .nullable(),
    verdict: z.string(),
  }),
  needs: [
    { is: "problem.defined", as: "problem" },
    { is: "view.registered", as: "view" },
    { is: "training.cleared", as: "cleared" },
    { is: "features.materialized", role: "training", as: "training" },
  ],
  cost: { ms: 2000 },
  run: async ({ features: asked, problem, view, cleared, training }, { lake, threads, seed }: Context & MlDeps) => {
    const known = new Map(view.view.features.map((feature) => [feature.name, feature]));
    const strange = asked?.find((name) => !known.has(name));
    if (strange !== undefined)
      throw fault("not_found", `the view ${view.view.name} has no feature ${strange}; name one of its features`, {
        feature: strange,
      });
    const wanted = new Set(asked ?? known.keys());
    const read = (feature: Feature) => columnsRead(feature, problem, view.view);
    const shown = new Set(
      view.view.features.flatMap((feature) => (isOpen(read(feature), cleared.columns) ? [feature.name] : [])),
    );
    const relation = parseDatasetRef(training.dataset).name;
    const limits = { threads, memoryMb: 2048 };
    const { described, sample } = await withPins(lake, [training.dataset], limits, async (reader) => {
      const described = await describeFeatures(
        reader,
        relation,
        training.columns.filter(({ name }) => wanted.has(name)),
        shown,
      );
      if (described.rows === 0)
        throw fault("unfit", "the training set has no rows; there is nothing to describe", {
          training: training.dataset,
        });
      // All of the view: a feature is compared with those that weren't asked for too.
      const sample = await readSample(reader, relation, training.columns, problem.task, mostSampled);
      return { described, sample };
    });
    const { columns, target, cutoffs } = sample;
    const noise = noiseOf(
      columns.filter(({ name }) => wanted.has(name)),
      target,
      seededRandom(seed),
    );
    const stretches = stretchesOf(cutoffs);
    const features = described.features.map((one) => {
      const column = columns.find(({ name }) => name === one.name)!;
      const association = associationOf(column, target);
      const strength = strengthOf(problem.task, association);
      return {
        ...one,
        kind: known.get(one.name)!.kind,
        from: [...new Set(read(known.get(one.name)!).map(({ dataset, column }) => `${dataset}.${column}`))],
        worth: {
          ...{ strength, noise: noise.get(one.name)!, above: strength > noise.get(one.name)! },
          ...{ rank: association.rank, information: association.information },
        },
        correlated: partnersOf(one.name, sample),
        drift: stretches && driftOf(column, stretches),
      };
    });
    const sampled = cutoffs.length;
    const of = `${training.dataset}, training rows`;
    const idle = features.filter(({ worth }) => !worth.above).length;
    const [strongest] = [...features].sort((a, b) => b.worth.strength - a.worth.strength);
    return {
      view: view.view.hash,
      training: training.dataset,
      rows: described.rows,
      features,
      basis: [
        {
          numbers: ["missing", "distinct", "mean", "sd", "quantiles", "top"],
          rows: described.rows,
          how: `every row of ${of}`,
        },
        {
          numbers: ["worth"],
          rows: sampled,
          how: `${of}, by the hash of the entity; strength is the larger of the rank measure's distance from chance and the root of the information, noise the 95 % quantile over 30 shuffles of the target (seed ${seed})`,
        },
        { numbers: ["correlated"], rows: sampled, how: "Pearson's correlation on the same rows, those that have both" },
        {
          numbers: ["drift"],
          rows: sampled,
          how: "the same rows, those of the later stretch against the earlier, taken as independent",
        },
      ],
      stretches: stretches && {
        ...{ from: stretches.from, split: stretches.split, to: stretches.to },
        rows: [stretches.earlier.length, stretches.later.length] as [number, number],
      },
      verdict: `${features.length} features on ${described.rows} training rows; ${strongest!.name} is worth the most (${strongest!.worth.strength.toFixed(3)}, noise ${strongest!.worth.noise.toFixed(3)}); ${idle} don't stand above noise`,
    };
  },
});

/** Whether none of the columns that a feature's value is made of holds personal data. */
const isOpen = (read: readonly ReadColumn[], columns: FactValue<"training.cleared">["columns"]): boolean =>
  read.every(({ type, dataset, column }) => type !== "DIRECT" || columns[`${dataset}.${column}`]?.pii === false);

/** The features that a numeric one goes with most closely. */
function partnersOf(name: string, { columns }: Sample): { with: string; r: number }[] {
  const { values } = columns.find((column) => column.name === name)!;
  if (values === null) return [];
  return columns
    .flatMap((other) =>
      other.name === name || other.values === null ? [] : [{ with: other.name, r: pearson(values, other.values) }],
    )
    .sort((a, b) => Math.abs(b.r) - Math.abs(a.r) || (a.with < b.with ? -1 : 1))
    .slice(0, mostPartners);
}
