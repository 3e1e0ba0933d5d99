import type { Feature, Redundancy } from "@muster/shared/domain/feature.ts";
import { isLookup, isRelated, labelKey, ownColumns, readsLabels } from "@muster/shared/features/kinds.ts";
import { entropy, symmetricUncertainty } from "@muster/shared/stats/mutual-information.ts";
import type { Suggested } from "../suggest-features.ts";
import type { SampledColumn } from "./sampled.ts";
import { rounded } from "./scope.ts";

/** From here on two features are called redundant. */
const REDUNDANT = 0.95;

/** What a feature is told from: the stream of events by one key, the labels by one key, or a column of a row. */
function sourceOf(feature: Feature): string {
  if (readsLabels(feature)) return JSON.stringify(["labels", labelKey(feature)]);
  if (!isRelated(feature)) return JSON.stringify(["own", ownColumns(feature)[0]]);
  return isLookup(feature)
    ? JSON.stringify([feature.table, feature.key, feature.column])
    : JSON.stringify([feature.table, feature.key, feature.localKey]);
}

/** Pearson's correlation over the rows that have both values; 0 where one is constant. */
export function pearson(a: Float64Array, b: Float64Array): number {
  let [n, ma, mb, va, vb, ab] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (Number.isNaN(x) || Number.isNaN(y)) continue;
    n++;
    const [dx, dy] = [x - ma, y - mb];
    ma += dx / n;
    mb += dy / n;
    va += dx * (x - ma);
    vb += dy * (y - mb);
    ab += dx * (y - mb);
  }
  return va > 0 && vb > 0 ? ab / Math.sqrt(va * vb) : 0;
}

/** What two features have in common, if it is enough to call one of them redundant. */
function redundancy(a: SampledColumn, b: SampledColumn, shared: number): Pick<Redundancy, "by" | "number"> | null {
  const r = a.values && b.values ? pearson(a.values, b.values) : 0;
  if (Math.abs(r) >= REDUNDANT) return { by: "correlation", number: rounded(r) };
  return shared >= REDUNDANT ? { by: "information", number: rounded(shared) } : null;
}

/**
 * Ranks suggested features for a reader: each source in its turn, so that ten windows over one stream of events don't stand
 * before a column that says something else; within a turn and a source by strength times what isn't shared with a feature
 * before it (after Peng, Long and Ding 2005, with the root of the symmetric uncertainty as what is shared). Those whose
 * strength stays at or below their noise come last. Names of each redundant feature the one before it that says the same.
 */
export function rankFeatures(
  features: readonly Suggested[],
  columns: ReadonlyMap<string, SampledColumn>,
): { features: Suggested[]; redundant: Redundancy[] } {
  const of = (name: string) => columns.get(name)!;
  const entropies = new Map(features.map(({ feature }) => [feature.name, entropy(of(feature.name).coded)]));
  const shared = (a: string, b: string) =>
    symmetricUncertainty(of(a).coded, of(b).coded, [entropies.get(a)!, entropies.get(b)!]);
  const left = new Map(features.map((one) => [one.feature.name, { one, most: 0, like: null as Redundancy | null }]));
  const turns = new Map<string, number>();
  const ranked: Suggested[] = [];
  const redundant: Redundancy[] = [];
  while (left.size > 0) {
    const places = [...left.values()].map((held) => ({
      ...{ held, turn: turns.get(sourceOf(held.one.feature)) ?? 0, above: held.one.strength > held.one.noise },
      score: held.one.strength * (1 - Math.sqrt(held.most)),
    }));
    const [first] = places.sort(
      (a, b) =>
        Number(b.above) - Number(a.above) ||
        (a.above ? a.turn - b.turn : 0) ||
        b.score - a.score ||
        (a.held.one.feature.name < b.held.one.feature.name ? -1 : 1),
    );
    const { one, like } = first!.held;
    const { name } = one.feature;
    left.delete(name);
    ranked.push(one);
    if (like !== null) redundant.push(like);
    turns.set(sourceOf(one.feature), first!.turn + 1);
    for (const [other, held] of left) {
      const common = shared(other, name);
      held.most = Math.max(held.most, common);
      const found = redundancy(of(other), of(name), common);
      if (found !== null && (held.like === null || Math.abs(found.number) > Math.abs(held.like.number)))
        held.like = { name: other, with: name, ...found };
    }
  }
  return { features: ranked, redundant };
}
