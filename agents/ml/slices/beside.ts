import { canonical } from "@muster/shared/canonical.ts";
import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { rawColumnsOf } from "../scoring/raw-columns.ts";
import { featureName, uniquelyNamed } from "../suggest/names.ts";
import type { Probe } from "./probes.ts";

/** Something to look for conditions in beside the model's features: its typed feature, what it is called, and so on as of `SliceColumn`. */
export type Beside = {
  feature: Feature;
  from: "column" | "probe";
  said: string;
  times: number;
  /** Whether it may be learned from: a protected attribute is only compared. */
  learnable: boolean;
  leastRows?: number;
};

type LeftOut = { name: string; reason: string };

/** Kinds of candidates that say what a column holds, and not what can be made of several. */
const plainKinds = new Set<Feature["kind"]>([
  "column",
  "lookup",
  "date_part",
  "age_days",
  "lookup_age_days",
  "is_missing",
  "text_length",
]);

/** The same thing computed, whatever it is called. */
const meaning = ({ name: _, ...feature }: Feature): string => canonical(feature);

/**
 * What the model doesn't read and conditions may name: candidates that say what a cleared column holds, probes, and
 * protected attributes of the own table that the policy lets results be compared by. What holds personal data is left out,
 * and so is an attribute that isn't a plain value. Names differ from those of the view's features and among themselves.
 */
export function besideOf(
  problem: Problem,
  view: readonly Feature[],
  candidates: readonly Feature[],
  probes: readonly Probe[],
  cleared: FactValue<"training.cleared">,
  own: Pick<DatasetManifest, "columns">,
): { beside: Beside[]; leftOut: LeftOut[] } {
  const read = new Set(view.map(meaning));
  const leftOut: LeftOut[] = [];
  const found: Beside[] = [
    ...candidates
      .filter(({ kind }) => plainKinds.has(kind))
      .map((feature): Beside => ({ feature, from: "column", said: feature.name, times: 1, learnable: true })),
    ...probes.map((probe): Beside => ({ ...probe, from: "probe", learnable: true })),
  ].filter(({ feature }) => !read.has(meaning(feature)));
  for (const { name, type } of own.columns) {
    const entry = cleared.columns[`${problem.dataset}.${name}`];
    if (!entry || entry.compared == null || entry.role === "feature") continue;
    const plain = type !== "date" && type !== "timestamp";
    if (entry.pii || !plain) {
      const reason = entry.pii ? "personal data isn't told as groups" : "a protected date isn't told as groups";
      leftOut.push({ name: `${problem.dataset}.${name}`, reason });
      continue;
    }
    const feature: Feature = { kind: "column", name: featureName(name), column: name, type };
    found.push({ feature, from: "column", said: name, times: 1, learnable: false, leastRows: entry.compared });
  }
  const open = found.filter(({ feature }) => {
    const personal = personalColumn(feature, problem.dataset, cleared);
    if (personal !== null) leftOut.push({ name: feature.name, reason: `${personal} is personal data` });
    return personal === null;
  });
  const names = uniquelyNamed([...view, ...open.map(({ feature }) => feature)]).slice(view.length);
  return { beside: open.map((one, i) => ({ ...one, feature: names[i]! })), leftOut };
}

/** The first personal column that a feature's values are made of; null without one. */
export function personalColumn(
  feature: Feature,
  dataset: string,
  cleared: FactValue<"training.cleared">,
): string | null {
  const full = rawColumnsOf(feature).map((name) => (name.includes(".") ? name : `${dataset}.${name}`));
  return full.find((name) => cleared.columns[name]?.pii === true) ?? null;
}
