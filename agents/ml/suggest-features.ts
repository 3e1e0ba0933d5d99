import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import {
  type Association,
  type Correlation,
  CUTOFF,
  leakOf,
  type Measured,
} from "@muster/shared/features/associations.ts";
import { isAhead, isOwnRow, isRelated, ownColumns, readsLabels, valueType } from "@muster/shared/features/kinds.ts";
import { ofThePast } from "@muster/shared/features/past.ts";
import { MOVING } from "./suggest/allowed-columns.ts";
import { type Dropped, rounded } from "./suggest/scope.ts";

/** More features than this aren't suggested. */
export const MOST_FEATURES = 60;
/** Columns as they stand are kept up to here before anything derived, since trees combine what is weak alone. */
const MOST_PLAIN = 40;
const REDUNDANT = 0.999;
const MISSING_SHARE = 0.98;

/** A suggested feature, the strongest first. `strength`: 0..1, on training rows alone. */
export type Suggested = {
  feature: Feature;
  strength: number;
  measure: Association["rank"] | null;
  information: number;
  /** What the strength of a feature stays below in 95 of 100 samples where it says nothing. */
  noise: number;
};

/** What was measured of candidates on training rows; `noise`: of each one's strength, by name. */
export type Measurements = {
  associations: readonly Association[];
  correlations: readonly Correlation[];
  noise: ReadonlyMap<string, number>;
};

/** What of a feature is measured in the candidates' matrix. */
export const measuredOf = (features: readonly Feature[]): Measured[] =>
  features.map((f) => ({ name: f.name, type: valueType(f) }));

/** How far a rank measure lies from chance: 2·|AUC − ½|, or |Spearman|. */
function rankStrength(task: Problem["task"], rank: number | null): number {
  if (rank === null) return 0;
  return task === "binary" ? Math.abs(2 * rank - 1) : Math.abs(rank);
}

/**
 * The strength by which features are ordered: the rank measure times the share of rows that have a value, or the root of
 * the information share where that shows more.
 */
export const strengthOf = (task: Problem["task"], a: Association): number =>
  Math.max(rankStrength(task, a.rank) * (1 - a.missing / a.rows), Math.sqrt(a.information));

function unusable(task: Problem["task"], a: Association, allowed: boolean): Dropped | null {
  const drop = (reason: string, number: number): Dropped => ({ name: a.name, reason, number: rounded(number) });
  if (a.distinct <= 1 && (a.missing === 0 || a.missing === a.rows))
    return drop("constant on training rows (distinct values)", a.distinct);
  if (a.missing / a.rows >= MISSING_SHARE)
    return drop("nearly always missing on training rows (share)", a.missing / a.rows);
  const leak = allowed ? null : leakOf(task, a);
  return leak && drop(leak.reason, leak.number);
}

/** The pairs of numeric features that can be the same: alike in strength and in what they miss; at most 4,000; and, over events, each with their time. */
export function pairsToCompare(
  features: readonly Feature[],
  associations: readonly Association[],
  problem: Pick<Problem, "task" | "time">,
): [string, string][] {
  const { task } = problem;
  const numbers = new Set(features.filter((f) => valueType(f) === "number").map((f) => f.name));
  const known = associations
    .filter((a) => numbers.has(a.name) && a.distinct > 1)
    .map((a) => ({ ...a, strength: strengthOf(task, a) }));
  const pairs: [string, string][] = problem.time === null ? [] : known.map((a) => [a.name, CUTOFF]);
  known.forEach((a, i) => {
    for (const b of known.slice(i + 1)) {
      if (Math.abs(a.strength - b.strength) <= 0.02 && a.missing === b.missing) pairs.push([a.name, b.name]);
    }
  });
  return pairs.slice(0, 4000);
}

/** Whether a feature is a column as it stands, of the own row or of the entity's row in another table, or a forecast's own. */
const plain = (feature: Feature) => feature.kind === "column" || feature.kind === "lookup" || isAhead(feature);

/** The columns that a feature reads of its values, as `dataset.column`. */
function readOf(feature: Feature, dataset: string): string[] {
  if (isAhead(feature)) return feature.column === null ? [] : [`${dataset}.${feature.column}`];
  if (isOwnRow(feature) || readsLabels(feature)) return ownColumns(feature).map((column) => `${dataset}.${column}`);
  const where = "where" in feature && feature.where !== null ? [feature.where.column] : [];
  const column = "column" in feature && feature.column !== null ? [feature.column] : [];
  return [...column, ...where].map((name) => `${feature.table}.${name}`);
}

/** The columns that tell the target by themselves: what is derived from them does so too, only less plainly. */
const leakingColumns = (
  candidates: readonly Feature[],
  known: ReadonlyMap<string, Association>,
  problem: Problem,
  allowed: ReadonlySet<string>,
) =>
  new Set(
    candidates
      .filter((f) => plain(f) && !isAhead(f) && known.has(f.name) && leakOf(problem.task, known.get(f.name)!) !== null)
      .flatMap((f) => readOf(f, problem.dataset))
      .filter((column) => !allowed.has(column)),
  );

/** What a feature is about: its columns and table, whatever the window or the aggregate. */
const familyOf = (feature: Feature): string =>
  JSON.stringify([
    isRelated(feature) ? [feature.table, feature.key] : ownColumns(feature),
    "column" in feature ? feature.column : null,
    "where" in feature ? feature.where : null,
  ]);

/** The features in turn by family, each family's strongest first: ten windows of one column don't crowd out the others. */
function inTurn(features: readonly Suggested[]): Suggested[] {
  const turn = new Map<string, number>();
  return features
    .map((s) => {
      const family = familyOf(s.feature);
      const place = turn.get(family) ?? 0;
      turn.set(family, place + 1);
      return { s, place };
    })
    .sort((a, b) => a.place - b.place)
    .map(({ s }) => s);
}

/**
 * Chooses from the candidates by what was measured on training rows: at most 60, given strongest first, and what was left
 * out with the reason and the number: constant, missing, leaking, the same as another, weaker than chance allows, beyond
 * the bound. Columns in `allowed` (`dataset.column`) may tell the target: a person confirmed that they were known in time.
 * `unfit` where nothing is left.
 */
export function chooseFeatures(
  problem: Problem,
  candidates: readonly Feature[],
  { associations, correlations, noise }: Measurements,
  allowed: ReadonlySet<string> = new Set(),
): { features: Suggested[]; dropped: Dropped[] } {
  const { task } = problem;
  const dropped: Dropped[] = [];
  const known = new Map(associations.map((a) => [a.name, a]));
  const leaking = leakingColumns(candidates, known, problem, allowed);
  const measuredPlain = new Set(candidates.filter(plain).flatMap((f) => readOf(f, problem.dataset)));
  const moving = new Map(correlations.filter((c) => c.right === CUTOFF).map((c) => [c.left, c.r]));
  const tainted = (feature: Feature): Dropped | null => {
    const column = readOf(feature, problem.dataset).find((name) => leaking.has(name));
    return column === undefined
      ? null
      : { name: feature.name, reason: `reads ${column}, which is leaking`, number: null };
  };
  const counts = ({ name }: Feature): Dropped | null => {
    const r = moving.get(name) ?? 0;
    return Math.abs(r) < MOVING
      ? null
      : { name, reason: "moves with time by construction (correlation)", number: rounded(r) };
  };
  const usable = candidates.flatMap((feature) => {
    const a = known.get(feature.name);
    if (a === undefined) {
      throw fault("invalid_input", `feature ${feature.name} wasn't measured; measure every candidate`);
    }
    const confirmed = readOf(feature, problem.dataset).some((column) => allowed.has(column));
    const past = ofThePast(feature, problem, (column) => measuredPlain.has(`${problem.dataset}.${column}`));
    const bad = unusable(task, a, confirmed || past) ?? tainted(feature) ?? counts(feature);
    if (bad !== null) {
      dropped.push(bad);
      return [];
    }
    return [
      {
        feature,
        strength: strengthOf(task, a),
        measure: a.rank,
        information: a.information,
        noise: noise.get(a.name)!,
      },
    ];
  });
  // Of two that are the same, the simpler stays: a column before what is derived, the own row before other tables.
  const order = (f: Feature) => (plain(f) ? 0 : 2) + (isOwnRow(f) ? 0 : 1);
  const ranked = usable.sort(
    (a, b) =>
      order(a.feature) - order(b.feature) || b.strength - a.strength || (a.feature.name < b.feature.name ? -1 : 1),
  );
  const same = new Map<string, Correlation[]>();
  for (const c of correlations) {
    if (c.right === CUTOFF || Math.abs(c.r) < REDUNDANT) continue;
    for (const name of [c.left, c.right]) same.set(name, [...(same.get(name) ?? []), c]);
  }
  const kept = new Map<string, Suggested>();
  for (const { feature, strength, measure, information, noise } of ranked) {
    const twin = (same.get(feature.name) ?? []).find((c) => kept.has(c.left === feature.name ? c.right : c.left));
    const drop = (reason: string, number: number) =>
      dropped.push({ name: feature.name, reason, number: rounded(number) });
    if (twin !== undefined) {
      const other = twin.left === feature.name ? twin.right : twin.left;
      drop(`the same as ${other} (correlation)`, twin.r);
    } else if (!plain(feature) && strength <= noise) {
      drop("no more than chance alone: too weak (strength on training rows)", strength);
    } else kept.set(feature.name, { feature, strength, measure, information, noise });
  }
  const byStrength = [...kept.values()].sort(
    (a, b) => b.strength - a.strength || (a.feature.name < b.feature.name ? -1 : 1),
  );
  const first = new Set(byStrength.filter((s) => plain(s.feature)).slice(0, MOST_PLAIN));
  const rest = inTurn(byStrength.filter((s) => !first.has(s)));
  const chosen = new Set([...first, ...rest.slice(0, MOST_FEATURES - first.size)]);
  for (const s of byStrength) {
    if (!chosen.has(s))
      dropped.push({
        name: s.feature.name,
        reason: `beyond the ${MOST_FEATURES} strongest (strength)`,
        number: rounded(s.strength),
      });
  }
  if (chosen.size === 0)
    throw fault("unfit", "no candidate feature is left to learn from; the dropped ones say why", { dropped });
  return { features: byStrength.filter((s) => chosen.has(s)), dropped };
}
