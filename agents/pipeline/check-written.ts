import { fault } from "@muster/shared/fault.ts";
import type { MatrixRole } from "@muster/shared/features/matrix.ts";
import type { Engine } from "@muster/shared/warehouse/duckdb.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";

/**
 * Looks at a matrix before it is published: rows (a scoring one may have none), one row per entity × cutoff, and a label in
 * every row that has to have one. `unfit` says which of these doesn't hold, with its count; nothing is published then.
 */
export async function checkWritten(engine: Engine, relation: string, role: MatrixRole | "backfill"): Promise<void> {
  const from = quoteIdent(relation);
  const labelled = role === "training" || role === "holdout";
  const [shape] = await engine.query(
    `SELECT count(*) AS n${labelled ? ", count(__label) AS labelled" : ""} FROM ${from}`,
  );
  const rows = Number(shape!.n);
  if (rows === 0 && role !== "scoring")
    throw fault("unfit", `the ${role} matrix has no rows; the problem's cutoffs leave none`);
  const [twice] = await engine.query(
    `SELECT count(*) AS n FROM (SELECT 1 AS one FROM ${from} GROUP BY __entity, __cutoff HAVING count(*) > 1) AS repeated`,
  );
  const repeated = Number(twice!.n);
  if (repeated > 0) {
    const message = `${repeated} entities stand more than once at a cutoff; choose a key that names one row, or none`;
    throw fault("unfit", `the ${role} matrix isn't published: ${message}`, { repeated });
  }
  const missing = labelled ? rows - Number(shape!.labelled) : 0;
  if (missing > 0)
    throw fault("unfit", `the ${role} matrix isn't published: ${missing} rows have no label`, { missing });
}
