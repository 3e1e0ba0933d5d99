import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import type { Path } from "@muster/shared/domain/join.ts";
import type { ColumnRoleName } from "@muster/shared/domain/policy.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import type { ColumnStats } from "./column-stats.ts";

/** A table of the scope: what its manifest says, and its columns described one by one. */
export type ScopeTable = {
  manifest: Pick<DatasetManifest, "name" | "rows" | "columns" | "time" | "arrived">;
  stats: Record<string, ColumnStats>;
};

/** What features are suggested from. `roles`: the clearance by `dataset.column`; a column without a role isn't read; `joins`: ways from the label's table, and from others on. */
export type Scope = { tables: ScopeTable[]; joins: Path[]; roles: Readonly<Record<string, ColumnRoleName>> };

/** A column or feature that was left out: why in one sentence, and the number that shows it (null where none does). */
export type Dropped = { name: string; reason: string; number: number | null };

/** The table of the entity's own row. */
export const ownTable = (problem: Problem, scope: Scope): ScopeTable | undefined =>
  scope.tables.find((t) => t.manifest.name === problem.dataset);

/** Whether features may be taken at a moment: every row has a cutoff. */
export const hasCutoffs = (problem: Problem): boolean => problem.cutoffs.training.length > 0 || problem.time !== null;

/** A number of a text between 0 and 1, three digits. */
export const rounded = (value: number): number => Math.round(value * 1000) / 1000;
