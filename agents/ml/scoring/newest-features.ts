import { hashOf } from "@muster/shared/canonical.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { addDays, addHorizon, dateOf, momentOf } from "@muster/shared/features/horizon.ts";
import { labelColumn } from "@muster/shared/features/label-rule.ts";
import { compileMatrix, scoredAt } from "@muster/shared/features/matrix.ts";
import type { Engine } from "@muster/shared/warehouse/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { quoteIdent, quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { floorTo } from "../forecast-problem.ts";
import type { ServingPackage } from "../serving/package.ts";
import { checkLoad } from "./load-check.ts";
import { type Change, type Opened, openNewest } from "./open-newest.ts";
import { readColumns } from "./read-columns.ts";
import { type FeatureRows, readFeatures } from "./read-features.ts";

/**
 * Origins of a forecast that are looked at together at most, and the share of those it learned from: the reference's history then has
 * eight stretches as long to compare with.
 */
const mostOrigins = { count: 12, share: 1 / 8 };

/**
 * The features of a deployed view on other versions of its datasets. `cutoff` is the newest one. `hash` names them: SHA-256 over view, cutoff and
 * versions. `broken` tells what looks wrong with those versions, in sentences without cell values.
 */
export type NewFeatures = { rows: FeatureRows; cutoff: string | null; hash: string; broken: string[] };

/**
 * Computes the features that the model reads as they would be scored on the changed datasets: a problem with cutoffs for
 * everybody active at the newest cutoff that the data bear, a forecast for its newest origins since the deployment, a horizon apart (rows of
 * one origin alone are all of one moment), a flat table for its rows (where rows have a time, for those that
 * came since the deployment). Reads the view's columns and no other. At most `mostRows`, evenly spread.
 */
export async function newFeatures(
  lake: Lake,
  served: ServingPackage,
  changes: readonly Change[],
  mostRows: number,
): Promise<NewFeatures> {
  const { problem } = served;
  const used = new Set(served.features.map(({ name }) => name));
  const features = served.view.features.filter(({ name }) => used.has(name));
  const read = readColumns(problem, features);
  const opened = await openNewest(lake, changes, read);
  try {
    const { engine, relations } = opened;
    const dataset = relations[problem.dataset];
    if (!dataset) throw fault("broken_contract", `the scope doesn't hold the label's dataset ${problem.dataset}`);
    const cutoff = problem.label.kind !== "column" ? dateOf(await newestCutoff(lake, opened, changes, problem)) : null;
    // Once, though text and numbers are read one after the other.
    for (const [i, at] of (cutoff === null ? [null] : originsUpTo(cutoff, problem)).entries()) {
      const asked = at === null ? problem : scoredAt(problem, features, at, at);
      const { sql } = compileMatrix(engine.dialect, asked, { features }, { dataset, tables: relations }, "scoring");
      await engine.run(i === 0 ? `CREATE TABLE __current AS ${sql}` : `INSERT INTO __current ${sql}`);
    }
    const rows = await readFeatures(engine, served.features, {
      relation: "__current",
      where: await sinceDeployment(engine, problem, mostRows),
      order: "__cutoff NULLS FIRST, sha256(__entity), __row",
    });
    const broken = [...opened.broken, ...(await checkLoads(lake, served, changes, opened))];
    const hash = hashOf({ view: served.view.hash, cutoff, versions: changes.map(({ now }) => now).sort() });
    return { rows, cutoff, hash, broken };
  } finally {
    opened.engine.close();
  }
}

/**
 * The newest cutoff that the data bear: the day after the newest event (data of a whole day are complete only then), or
 * the last one before it on the weekday of the deployment's own cutoff. Windows then hold as many weeks and weekends as
 * they did there; a window of 30 days over weekly rows holds three or four by the weekday alone.
 */
async function newestCutoff(
  lake: Lake,
  { engine, relations }: Opened,
  changes: readonly Change[],
  { cutoffs, label }: Problem,
): Promise<Date> {
  let newest: string | null = null;
  for (const { name, deployed } of changes) {
    const { time } = await lake.manifest(deployed);
    // A time that neither label nor features read isn't read here either.
    if (time === null || !relations[name]?.columns.some((column) => column.name === time)) continue;
    const at = await newestEvent(engine, name, time);
    if (at !== null && (newest === null || at > newest)) newest = at;
  }
  if (newest === null) throw fault("unfit", "no table of the deployment's scope has a time any more; load one");
  const after = addDays(momentOf(newest.slice(0, 10)), 1);
  if (cutoffs.scoring === null) return after;
  if (label.kind === "forecast") return floorTo(after, label.unit);
  return addDays(after, -((after.getUTCDay() - momentOf(cutoffs.scoring).getUTCDay() + 7) % 7));
}

/** The cutoffs to look at, the newest first: of a forecast also those a horizon before each other, back to the deployed one. */
function originsUpTo(newest: string, { label, horizon, cutoffs }: Problem): string[] {
  const origins = [newest];
  if (label.kind !== "forecast" || horizon === null || cutoffs.scoring === null) return origins;
  const most = Math.min(mostOrigins.count, Math.floor(mostOrigins.share * cutoffs.training.length));
  for (let k = 1; k < most; k++) {
    const origin = dateOf(floorTo(addHorizon(momentOf(newest), horizon, -k), label.unit));
    if (origin < cutoffs.scoring) break;
    origins.push(origin);
  }
  return origins;
}

async function newestEvent(engine: Engine, view: string, time: string): Promise<string | null> {
  const [row] = await engine.query<{ at: string | null }>(
    `SELECT max(CAST(${quoteIdent(time)} AS TIMESTAMP)) AS at FROM ${quoteIdent(view)}`,
  );
  return row?.at ?? null;
}

/** The condition for the rows to look at: those since the deployment where rows have a time and some came; a share of many. */
async function sinceDeployment(engine: Engine, problem: Problem, mostRows: number): Promise<string | undefined> {
  const conditions: string[] = [];
  if (problem.label.kind === "column" && problem.time !== null && problem.now !== null) {
    const since = `__cutoff > CAST(${quoteLiteral(problem.now.slice(0, 23).replace("Z", ""))} AS TIMESTAMP)`;
    if ((await countRows(engine, since)) > 0) conditions.push(since);
  }
  const rows = await countRows(engine, conditions[0] ?? "true");
  if (rows > mostRows)
    conditions.push(`hash(__entity, __cutoff) % 1000000 < ${Math.floor((1_000_000 * mostRows) / rows)}`);
  return conditions.length > 0 ? conditions.join(" AND ") : undefined;
}

async function countRows(engine: Engine, where: string): Promise<number> {
  const [row] = await engine.query<{ rows: number }>(`SELECT count(*) AS rows FROM __current WHERE ${where}`);
  return Number(row!.rows);
}

/** Columns that are open as long as the outcome is. */
const labelColumns = ({ label }: Problem): string[] => {
  const column = labelColumn(label);
  return column === null ? [] : [column];
};

async function checkLoads(
  lake: Lake,
  { problem }: ServingPackage,
  changes: readonly Change[],
  { engine, relations }: Opened,
): Promise<string[]> {
  const found: string[] = [];
  for (const { name, deployed, now } of changes) {
    const table = relations[name];
    if (!table || now === deployed) continue;
    const { time, arrived } = await lake.manifest(deployed);
    const known = [arrived, time].find((name) => table.columns.some((column) => column.name === name)) ?? null;
    const aside = [time, arrived, ...(name === problem.dataset ? labelColumns(problem) : [])];
    const columns = table.columns.filter((column) => !aside.includes(column.name));
    found.push(...(await checkLoad(engine, { table: name, columns, time: known })));
  }
  return found;
}
