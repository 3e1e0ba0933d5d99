import type { Column } from "@muster/shared/domain/dataset.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { isEventRule } from "@muster/shared/features/label-rule.ts";
import type { Timing } from "@muster/shared/features/timing/timing.ts";
import { aheadCandidates } from "./ahead-candidates.ts";
import { allowedColumns } from "./allowed-columns.ts";
import { asOfCutoff, saidOfDates } from "./as-of.ts";
import { hopsFrom } from "./hops.ts";
import { labelCandidates } from "./label-candidates.ts";
import { keyNamed, uniquelyNamed } from "./names.ts";
import { ownCandidates } from "./own-candidates.ts";
import { type Related, relatedCandidates } from "./related-candidates.ts";
import { type Dropped, hasCutoffs, ownTable, type Scope } from "./scope.ts";

/** More candidates than this aren't measured. */
export const MOST_CANDIDATES = 200;
const MOST_OWN_KEYS = 2;

/** The joins from the label's table, each other table once: by the entity's key where it can, else by the first. */
function reachable(problem: Problem, scope: Scope): Omit<Related, "columns">[] {
  const joins = scope.joins.filter((j) => j.left.dataset === problem.dataset && j.right.dataset !== problem.dataset);
  const ordered = [...joins].sort(
    (a, b) => Number(b.left.column === problem.entity) - Number(a.left.column === problem.entity),
  );
  const found = new Map<string, Omit<Related, "columns">>();
  for (const { left, right, unique } of ordered) {
    const table = scope.tables.find((t) => t.manifest.name === right.dataset);
    const role = scope.roles[`${right.dataset}.${right.column}`];
    if (table === undefined || found.has(right.dataset) || role === undefined || role === "none") continue;
    found.set(right.dataset, { table, key: right.column, localKey: left.column, unique });
  }
  return [...found.values()];
}

/** The keys of a flat table of events whose own past can be looked into: those that come again (a card, a customer). */
function pastKeys(problem: Problem, scope: Scope): string[] {
  const { manifest, stats } = ownTable(problem, scope)!;
  // The entity's events before the cutoff.
  if (isEventRule(problem.label)) return manifest.time === problem.label.time ? [problem.entity!] : [];
  if (problem.time === null || manifest.time !== problem.time) return [];
  const role = (name: string) => scope.roles[`${problem.dataset}.${name}`];
  const usable = manifest.columns.filter((c) => {
    const s = stats[c.name];
    const named = role(c.name) === "key" || (role(c.name) === "feature" && (c.type === "text" || keyNamed(c)));
    const excluded = problem.exclusions.some((name) => name === c.name || name === `${problem.dataset}.${c.name}`);
    const label = problem.label.kind === "column" && problem.label.column === c.name;
    if (!named || excluded || label || c.name === problem.entity || s === undefined) return false;
    return s.distinct >= 10 && s.distinct <= s.rows / 2;
  });
  const surely = (c: Column) => Number(role(c.name) === "key" || keyNamed(c));
  return [...usable]
    .sort((a, b) => surely(b) - surely(a))
    .slice(0, MOST_OWN_KEYS)
    .map(({ name }) => name);
}

/** At most `MOST_CANDIDATES`, taken in turn from each source, so that no table crowds out the others. */
function bounded(sources: Feature[][]): { features: Feature[]; left: number } {
  const [own = [], ...others] = sources;
  const features = own.slice(0, MOST_CANDIDATES);
  for (let i = 0; features.length < MOST_CANDIDATES && others.some((s) => i < s.length); i++) {
    for (const source of others) {
      const next = source[i];
      if (next !== undefined && features.length < MOST_CANDIDATES) features.push(next);
    }
  }
  return { features, left: sources.reduce((sum, s) => sum + s.length, 0) - features.length };
}

/**
 * Proposes typed features for a problem from its scope: at most 200, and every column that was left out with the reason
 * and the number. Nothing here has seen the target. `not_found` where the scope lacks the problem's table, `unfit` where
 * no column may be learned from.
 */
export function candidateFeatures(
  problem: Problem,
  scope: Scope,
  timing: Timing,
): { candidates: Feature[]; dropped: Dropped[]; assumptions: string[] } {
  const own = ownTable(problem, scope);
  if (problem.label.kind === "forecast") return aheadCandidates(problem.label, problem, scope);
  const ofEvents = isEventRule(problem.label);
  if (own === undefined)
    throw fault("not_found", `the scope has no dataset ${problem.dataset}; pin it with its tables`);
  const allowed = new Map(scope.tables.map((t) => [t.manifest.name, allowedColumns(t, problem, scope, timing)]));
  const columnsOf = (name: string) => allowed.get(name)!.columns;
  const keys = pastKeys(problem, scope);
  const past = keys.map((key) => ({ table: own, key, localKey: key, unique: false }));
  const near = reachable(problem, scope).filter((r) => !ofEvents || r.localKey === problem.entity);
  const related = [...near, ...hopsFrom(near, problem, scope, timing), ...past].map((r) => ({
    ...r,
    columns: columnsOf(r.table.manifest.name).filter((c) => c.name !== r.key),
  }));
  const read = new Set([problem.dataset, ...related.map((r) => r.table.manifest.name)]);
  const dropped = [...read].flatMap((name) => allowed.get(name)!.dropped);
  // Of an event's problem a row is an entity at a cutoff: it has nothing of its own but the key.
  const ownFeatures = ofEvents ? [] : ownCandidates(columnsOf(problem.dataset), own.stats, problem);
  const sources = [
    ownFeatures,
    ...related.map((r) => relatedCandidates(r, problem)),
    labelCandidates(own, keys, problem),
  ];
  const { features, left } = bounded(
    sources.map((source) => source.flatMap((f) => asOfCutoff(f, problem.dataset, timing) ?? [])),
  );
  if (features.length === 0) {
    throw fault("unfit", `no column of ${problem.dataset} may be learned from; the dropped columns say why`, {
      dropped,
    });
  }
  if (left > 0) dropped.push({ name: "more candidates", reason: `only ${MOST_CANDIDATES} are measured`, number: left });
  const snapshot = related.filter((r) => r.unique && hasCutoffs(problem)).map((r) => r.table.manifest.name);
  const assumptions = snapshot.map(
    (name) =>
      `${name} has one row per key and no sign that its other columns were overwritten: they are read as they stand.`,
  );
  assumptions.push(...saidOfDates(features, problem.dataset, timing));
  return { candidates: uniquelyNamed(features), dropped, assumptions };
}
