import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import {
  compileAssociations,
  compileCorrelations,
  readAssociations,
  readCorrelations,
} from "@muster/shared/features/associations.ts";
import { compileMatrix } from "@muster/shared/features/matrix.ts";
import type { Relation } from "@muster/shared/features/schema.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";
import { chooseFeatures, measuredOf, pairsToCompare, type Suggested } from "../suggest-features.ts";
import { candidateFeatures } from "./candidates.ts";
import { measureColumns } from "./column-stats.ts";
import { type Dated, measureFilledLater } from "./filled-later.ts";
import { type Dropped, hasCutoffs, type Scope } from "./scope.ts";
import { measureEnds, measureOverwritten, type Timing, updateSubject } from "./timing.ts";

/** A table that an engine can read: what its manifest says and the relation that holds it. */
export type ReadableTable = {
  manifest: Pick<DatasetManifest, "name" | "rows" | "columns" | "time" | "arrived">;
  relation: string;
};

/** What features are suggested from; `labels`: the relation of the built labels. The problem's own table is among `tables`. */
export type SuggestSource = { tables: ReadableTable[]; labels: string } & Pick<Scope, "joins" | "roles">;

/** Candidates are measured on about so many training rows, whole entities by hash. */
const MOST_ROWS = 15_000;
const MATRIX = "__candidates";

/** By what a table's rows are known, and which of its columns are judged otherwise; null where nothing says when. */
function datedTable(problem: Problem, manifest: ReadableTable["manifest"], relation: string): Dated | null {
  const { columns, arrived } = manifest;
  const { label } = problem;
  const own = manifest.name === problem.dataset;
  const time = own && label.kind === "ended" ? label.start : own ? problem.time : manifest.time;
  // The own row counts from its event on, whenever it arrived.
  const known = own ? time : (arrived ?? time);
  if (!hasCutoffs(problem) || known === null || !columns.some((c) => c.name === known)) return null;
  const labelled = own ? [label.kind === "ended" ? label.end : label.column, problem.entity, arrived] : [];
  const updates = columns.filter((c) => updateSubject(c) !== null).map((c) => c.name);
  const skip = [...labelled.filter((name) => name !== null), ...updates];
  return { table: { relation, columns }, known, time: manifest.time, skip, now: problem.now };
}

/** When the columns of every table that joins by the entity were written, against the training cutoffs. */
async function measureTiming(reader: Reader, problem: Problem, source: SuggestSource): Promise<Timing> {
  const query = (sql: string) => reader.query(sql);
  const timing: Timing = { ends: {}, overwritten: {}, filled: {} };
  for (const { manifest, relation } of source.tables) {
    const table = { relation, columns: manifest.columns, dataset: manifest.name };
    const own = manifest.name === problem.dataset;
    if (own) timing.ends = await measureEnds(query, problem, table);
    const join = source.joins.find(
      (j) =>
        j.left.dataset === problem.dataset && j.left.column === problem.entity && j.right.dataset === manifest.name,
    );
    const key = own ? problem.entity : join?.right.column;
    // Without cutoffs nothing says what was known when.
    if (key && problem.cutoffs.training.length > 0) {
      Object.assign(timing.overwritten, await measureOverwritten(query, source.labels, table, key));
    }
    const dated = datedTable(problem, manifest, relation);
    for (const [column, found] of Object.entries(dated === null ? {} : await measureFilledLater(query, dated)))
      timing.filled[`${manifest.name}.${column}`] = found;
  }
  return timing;
}

/**
 * Suggests typed features for a problem: proposes candidates from the columns as described one by one, measures them on
 * training rows alone, and chooses. Holds one table for as long as it takes. Faults as of `candidateFeatures` and
 * `chooseFeatures`.
 */
export async function suggestFeatures(
  reader: Reader,
  problem: Problem,
  source: SuggestSource,
): Promise<{ features: Suggested[]; dropped: Dropped[]; assumptions: string[] }> {
  const query = (sql: string) => reader.query(sql);
  const relationOf = ({ manifest, relation }: ReadableTable): Relation => ({ relation, columns: manifest.columns });
  const timing = await measureTiming(reader, problem, source);
  const tables = [];
  for (const table of source.tables) {
    tables.push({ manifest: table.manifest, stats: await measureColumns(query, relationOf(table)) });
  }
  const { candidates, dropped, assumptions } = candidateFeatures(problem, { ...source, tables }, timing);
  const own = source.tables.find((t) => t.manifest.name === problem.dataset)!;
  const [count] = await query(`SELECT count(*) AS n FROM ${quoteIdent(source.labels)} WHERE __split = 'training'`);
  const share = MOST_ROWS / Math.max(1, Number(count!.n));
  const matrix = compileMatrix(
    problem,
    { features: candidates },
    {
      dataset: relationOf(own),
      tables: Object.fromEntries(source.tables.map((t) => [t.manifest.name, relationOf(t)])),
      sample: share < 1 ? { share, salt: "candidates" } : undefined,
    },
    "training",
  );
  return reader.withHeld(MATRIX, matrix.sql, async (held) => {
    const measured = measuredOf(candidates);
    const associations = readAssociations(measured, await held.query(compileAssociations(measured, MATRIX, problem)));
    const pairs = pairsToCompare(candidates, associations, problem);
    const correlations =
      pairs.length === 0 ? [] : readCorrelations(pairs, (await held.query(compileCorrelations(pairs, MATRIX)))[0]!);
    const chosen = chooseFeatures(problem, candidates, associations, correlations);
    return { features: chosen.features, dropped: [...dropped, ...chosen.dropped], assumptions };
  });
}
