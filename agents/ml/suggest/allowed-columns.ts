import type { Column } from "@muster/shared/domain/dataset.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { type Timing, untimely, updateSubject } from "@muster/shared/features/timing/timing.ts";
import { writtenLater } from "./as-of.ts";
import type { ColumnStats } from "./column-stats.ts";
import { type Dropped, rounded, type Scope, type ScopeTable } from "./scope.ts";

const ID_SHARE = 0.9;
const MISSING_SHARE = 0.98;
/** A number that follows the event time this closely counts time; what comes later lies outside all it was seen with. */
export const MOVING = 0.99;
/** Text longer than this on average is read as text (length, words), not as a name. */
export const TEXT_LENGTH = 25;

/** The share of filled rows that a column tells apart. */
const distinctShare = (s: ColumnStats): number => s.distinct / Math.max(1, s.rows - s.missing);

/** Whether a column numbers or names rows: nearly as many values as rows, and whole numbers without gaps or short text. */
function idLike(column: Column, s: ColumnStats): boolean {
  if (s.rows < 50 || distinctShare(s) < ID_SHARE) return false;
  if (column.type === "text") return (s.meanLength ?? 0) <= TEXT_LENGTH;
  return (
    column.type === "integer" && s.min !== null && s.max !== null && s.max - s.min + 1 <= 1.2 * (s.rows - s.missing)
  );
}

function standing(
  column: Column,
  table: ScopeTable,
  problem: Problem,
  scope: Scope,
  timing: Timing,
): Dropped | "kept" | "silent" {
  const dataset = table.manifest.name;
  const own = dataset === problem.dataset;
  const full = `${dataset}.${column.name}`;
  const drop = (reason: string, number: number | null = null): Dropped => ({ name: full, reason, number });
  const { label } = problem;
  if (own && label.kind === "column" && label.column === column.name) return "silent";
  if (own && label.kind === "ended" && label.end === column.name)
    return drop("it is the label: the end isn't known at the cutoff");
  if (problem.exclusions.includes(full) || (own && problem.exclusions.includes(column.name)))
    return drop("excluded by the request");
  const role = scope.roles[full] ?? "none";
  if (role === "key")
    return own && column.name === problem.entity ? "silent" : drop("a key: it names rows and isn't learned from");
  if (role === "evaluate_only") return drop("cleared for evaluation only, as a protected attribute");
  if (role === "none") return drop("not cleared for learning");
  if (own && column.name === problem.entity) return "silent";
  const late = untimely(column.name, dataset, table.manifest.columns, timing, own);
  if (late !== null) return { ...late, number: late.number === null ? null : rounded(late.number) };
  const written = writtenLater(column.name, table, problem, scope, timing);
  if (written !== null) return { ...written, number: rounded(written.number!) };
  if (column.name === table.manifest.arrived)
    return drop("the arrival time: it bounds what is known and isn't learned from");
  if (updateSubject(column) !== null && problem.cutoffs.training.length > 0)
    return drop("an update time: it is rewritten with its row");
  const s = table.stats[column.name];
  if (s === undefined) return drop("not described: profile the dataset");
  if (s.distinct <= 1) return drop("constant (distinct values)", s.distinct);
  if (s.missing / s.rows >= MISSING_SHARE)
    return drop("nearly always missing (share of rows)", rounded(s.missing / s.rows));
  if (idLike(column, s))
    return drop("id-like: it tells nearly every row apart (distinct values over rows)", rounded(distinctShare(s)));
  if (own && problem.time !== null && Math.abs(s.withTime ?? 0) >= MOVING)
    return drop("moves with time by construction (correlation)", rounded(s.withTime!));
  return "kept";
}

/** The columns of a table that features may read, and those left out with the reason and the number that shows it. */
export function allowedColumns(
  table: ScopeTable,
  problem: Problem,
  scope: Scope,
  timing: Timing,
): { columns: Column[]; dropped: Dropped[] } {
  const columns: Column[] = [];
  const dropped: Dropped[] = [];
  for (const column of table.manifest.columns) {
    const found = standing(column, table, problem, scope, timing);
    if (found === "kept") columns.push(column);
    else if (found !== "silent") dropped.push(found);
  }
  return { columns, dropped };
}
