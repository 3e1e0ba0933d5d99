import type { DatasetManifest } from "../../domain/dataset.ts";
import type { Path } from "../../domain/join.ts";
import type { Problem } from "../../domain/problem.ts";
import { labelColumn, ruleTime } from "../label-rule.ts";
import { hasTime } from "../label-sql.ts";
import { labelRows } from "../labels.ts";
import { type Asked, type Dated, measureFilledLater } from "./filled-later.ts";
import { measureEnds, measureOverwritten, type Timing, updateSubject } from "./timing.ts";

/** A table that an engine can read: what its manifest says and the relation that holds it. */
export type ReadableTable = {
  manifest: Pick<DatasetManifest, "name" | "rows" | "columns" | "time" | "arrived">;
  relation: string;
};

/** What timing is measured on; `joins`: ways from the label's table. */
export type TimingSource = {
  tables: readonly ReadableTable[];
  joins: readonly Pick<Path, "left" | "right">[];
};

/** By what a table's rows are known, and which of its columns are judged otherwise; null where nothing says when. */
function datedTable(problem: Problem, manifest: ReadableTable["manifest"], relation: string): Dated | null {
  const { columns, arrived } = manifest;
  const { label } = problem;
  const own = manifest.name === problem.dataset;
  const time = own ? (ruleTime(label) ?? problem.time) : manifest.time;
  // The own row counts from its event on, whenever it arrived.
  const known = own ? time : (arrived ?? time);
  if (!hasTime(problem) || known === null || !columns.some((c) => c.name === known)) return null;
  const labelled = own ? [labelColumn(label), problem.entity, arrived] : [];
  const updates = columns.filter((c) => updateSubject(c) !== null).map((c) => c.name);
  const skip = [...labelled.filter((name) => name !== null), ...updates];
  return { table: { relation, columns }, known, time: manifest.time, skip, now: problem.now };
}

/** When the columns of every table that joins by the entity were written, against the training cutoffs. */
export async function measureTiming(reader: Asked, problem: Problem, source: TimingSource): Promise<Timing> {
  const timing: Timing = { ends: {}, overwritten: {}, filled: {} };
  const relations = Object.fromEntries(
    source.tables.map(({ manifest, relation }) => [manifest.name, { relation, columns: manifest.columns }]),
  );
  const labelled = labelRows(reader.dialect, problem, relations[problem.dataset]!, [], relations);
  for (const { manifest, relation } of source.tables) {
    const table = { relation, columns: manifest.columns, dataset: manifest.name };
    const own = manifest.name === problem.dataset;
    if (own) timing.ends = await measureEnds(reader, problem, table);
    const join = source.joins.find(
      (j) =>
        j.left.dataset === problem.dataset && j.left.column === problem.entity && j.right.dataset === manifest.name,
    );
    const key = own ? problem.entity : join?.right.column;
    // Without cutoffs nothing says what was known when.
    if (key && problem.cutoffs.training.length > 0) {
      Object.assign(timing.overwritten, await measureOverwritten(reader, labelled, table, key));
    }
    const dated = datedTable(problem, manifest, relation);
    for (const [column, found] of Object.entries(dated === null ? {} : await measureFilledLater(reader, dated)))
      timing.filled[`${manifest.name}.${column}`] = found;
  }
  return timing;
}
