import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import type { FeatureReason } from "@muster/shared/domain/feature.ts";
import { allowedColumns, refusedColumns } from "@muster/shared/domain/leakage.ts";
import type { Dropped } from "@muster/shared/domain/model.ts";
import { type FactValue, facts } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import type { ReadableTable } from "@muster/shared/features/timing/measure-timing.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { readByModel } from "../adopt/read-by-model.ts";
import type { MlDeps } from "../index.ts";
import { joinsFrom } from "../suggest/joins.ts";
import { suggestFeatures as suggest } from "../suggest/suggest.ts";
import type { Suggested } from "../suggest-features.ts";

type Cleared = FactValue<"training.cleared">;

export const suggestFeatures = tool({
  name: "suggest_features",
  does: "Proposes typed features known at the cutoff, ranked by what each is worth on training rows with its noise level; what says the same twice and what was left out, with reason and number.",
  effect: "read",
  input: z.object({ exclude: z.array(z.string().min(1).max(250)).max(500).default([]) }),
  output: facts["features.suggested"].value.extend({ assumptions: z.array(z.string()), verdict: z.string() }),
  needs: [
    { is: "request.accepted" },
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned", as: "scope" },
    { is: "labels.built", as: "labels" },
    { is: "training.cleared", as: "cleared" },
    { is: "leakage.found", as: "leakage" },
  ],
  gives: [{ is: "features.suggested", about: (_, { exclude }) => ({ exclude }) }],
  cost: { ms: 3000 },
  run: async (
    { exclude = [], problem, scope, labels, cleared, leakage },
    { lake, threads, seed }: Context & MlDeps,
  ) => {
    const refused = refusedColumns(leakage);
    if (problem.outside && exclude.length > 0)
      throw fault("invalid_input", "exclude: a model made outside reads what it reads; leave it out");
    if (problem.outside) return readByModel(problem, problem.outside, cleared, refused, lake);
    const tables: ReadableTable[] = [];
    for (const pin of cleared.datasets) {
      const manifest = await lake.manifest(pin);
      const columns = manifest.columns.filter(
        ({ name }) => readable(cleared, `${manifest.name}.${name}`) && !refused.has(`${manifest.name}.${name}`),
      );
      tables.push({ manifest: { ...manifest, columns }, relation: manifest.name });
    }
    const asked = { ...problem, exclusions: [...problem.exclusions, ...exclude] };
    const source = {
      tables,
      rows: labels.rows.training,
      joins: tables.flatMap(({ manifest }) => joinsFrom(manifest.name, scope.joins)),
      allowed: allowedColumns(leakage),
      roles: Object.fromEntries(Object.entries(cleared.columns).map(([name, { role }]) => [name, role])),
    };
    const limits = { threads, memoryMb: 2048, timeLimitMs: 50_000 };
    const found = await withPins(lake, cleared.datasets, limits, (engine) =>
      suggest(engine, asked, source, seededRandom(seed)),
    );
    const kept = found.features.filter(({ feature }) => !exclude.includes(feature.name));
    const left = found.features.filter(({ feature }) => exclude.includes(feature.name));
    const leaking = [...refused.values()].map(({ column, reason, number }) => ({ name: column, reason, number }));
    const dropped = merged(cleared.dropped, leaking, [
      ...found.dropped,
      ...left.map(({ feature }) => ({ name: feature.name, reason: "excluded by the request", number: null })),
    ]);
    const names = new Set(kept.map(({ feature }) => feature.name));
    const strongest = kept.slice(0, 3).map(({ feature }) => feature.name);
    return {
      features: kept.map(({ feature }) => feature),
      reasons: kept.map((one) => reasonOf(one, problem.task)),
      redundant: found.redundant.filter((one) => names.has(one.name) && names.has(one.with)),
      dropped,
      assumptions: found.assumptions,
      verdict: `${kept.length} features, most telling on training rows: ${strongest.join(", ")}; ${dropped.length} left out`,
    };
  },
});

/** Whether a column may be read at all: the same rule by which labels and matrices are built. */
const readable = (cleared: Cleared, name: string): boolean => {
  const column = cleared.columns[name];
  return column !== undefined && (column.role === "feature" || column.role === "key" || column.use !== null);
};

/** Each name once; what the clearance says of a column comes first. */
function merged(...lists: readonly Dropped[][]): Dropped[] {
  const once = new Map<string, Dropped>();
  for (const one of lists.flat()) if (!once.has(one.name)) once.set(one.name, one);
  return [...once.values()];
}

const digits = (value: number): number => Number(value.toPrecision(4));

function reasonOf(suggested: Suggested, task: string): FeatureReason {
  const { strength, noise } = suggested;
  return { ...whyOf(suggested, task), worth: digits(strength), noise: digits(noise), above: strength > noise };
}

function whyOf({ feature, measure, information }: Suggested, task: string) {
  const { name } = feature;
  if (measure !== null && task === "binary")
    return { name, because: "goes with the target (ROC AUC alone, training rows)", number: measure };
  if (measure !== null)
    return { name, because: "goes with the target (rank correlation, training rows)", number: measure };
  return { name, because: "goes with the target (share of its information, training rows)", number: information };
}
