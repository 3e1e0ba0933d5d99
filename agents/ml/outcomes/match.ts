import type { Horizon, Problem, SeriesUnit } from "@muster/shared/domain/problem.ts";
import type { Engine } from "@muster/shared/warehouse/duckdb.ts";
import { quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { currentSql } from "./rows.ts";

/** What decides when the outcome of a prediction is known. */
export type Maturing = Pick<Problem, "horizon" | "labelDelayDays" | "gapDays" | "label">;

const units: Record<Horizon["unit"], [number, string]> = {
  day: [1, "DAY"],
  week: [7, "DAY"],
  month: [1, "MONTH"],
  quarter: [3, "MONTH"],
};

/** SQL of the end of a prediction's window; null where the problem has none (a flat table). */
const untilSql = ({ horizon, gapDays = 0 }: Maturing, at: string): string | null => {
  if (horizon === null) return null;
  const [times, unit] = units[horizon.unit];
  return `(${at} + INTERVAL ${gapDays} DAY + INTERVAL ${horizon.count * times} ${unit})`;
};

const lengths: Record<SeriesUnit, string> = { hour: "1 HOUR", day: "1 DAY", week: "7 DAY", month: "1 MONTH" };

/** SQL of when the unit of time is over that a forecast is of, by the row's key (`series|target`); null for other problems. */
const targetOverSql = ({ label }: Maturing, entity: string): string | null =>
  label?.kind === "forecast"
    ? `(TRY_CAST(split_part(${entity}, '|', -1) AS TIMESTAMP) + INTERVAL ${lengths[label.unit]})`
    : null;

/**
 * SQL of whether a prediction's outcome must be known by now: its window has closed (of a forecast: the unit that it is of is over) and
 * the label delay has passed.
 */
const maturedSql = (maturing: Maturing, at: string, now: Date): string => {
  const closed = targetOverSql(maturing, "__entity") ?? untilSql(maturing, at) ?? at;
  const known = `${closed} + INTERVAL ${maturing.labelDelayDays} DAY`;
  return `(${known} <= TIMESTAMP ${quoteLiteral(now.toISOString().slice(0, 23).replace("T", " "))})`;
};

/**
 * The views `predicted` (the log's keyed rows with `__matured`) and `matched` over the relations `log` and `outcomes` of an
 * engine. An outcome belongs, for each version, to the entity's latest prediction at or before the event, within the
 * horizon; of several outcomes of one prediction the first event counts. A forecast's key names the unit of time itself: its outcome
 * belongs to the latest prediction before that unit was over. `matched` holds matured and other ones.
 */
export function matchedWith(maturing: Maturing, now: Date): string {
  const over = targetOverSql(maturing, "p.__entity");
  const until = untilSql(maturing, "p.__at");
  const within = over
    ? `AND p.__at < ${over}`
    : `AND p.__at <= o.__event_at ${until === null ? "" : `AND o.__event_at <= ${until}`}`;
  const key = "__request, __row, __version";
  return `predicted AS MATERIALIZED (
    SELECT __at, __request, __row, __version, __entity, __prediction, __probabilities,
      coalesce(__role, 'answer') AS __role, __split, ${maturedSql(maturing, "__at", now)} AS __matured
    FROM log WHERE __entity IS NOT NULL
  ), outcome AS MATERIALIZED (${currentSql("outcomes")}
  ), nearest AS (
    SELECT p.*, o.__event_at, o.__label, row_number() OVER (
      PARTITION BY o.__entity, o.__event_at, p.__version ORDER BY p.__at DESC, p.__request, p.__row) AS __back
    FROM outcome o JOIN predicted p ON p.__entity = o.__entity ${within}
  ), matched AS MATERIALIZED (
    SELECT * EXCLUDE (__back, __nth) FROM (
      SELECT *, row_number() OVER (PARTITION BY ${key} ORDER BY __event_at) AS __nth FROM nearest WHERE __back = 1)
    WHERE __nth = 1
  )`;
}

/**
 * How many outcomes have a prediction, and why others have none; of how many entities (once for each version that answered
 * them) the outcome must be known by now, and of how many it is.
 */
export type Matching = {
  outcomes: number;
  matched: number;
  unmatched: { reason: string; rows: number }[];
  matured: { entities: number; labelled: number; share: number | null };
};

/** Counts the matches of an engine with the relations `log` and `outcomes`. */
export async function countMatches(engine: Engine, maturing: Maturing, now: Date): Promise<Matching> {
  const rows = await engine.query<{ reason: string; rows: number }>(`WITH ${matchedWith(maturing, now)},
    of AS (SELECT o.*, exists (SELECT 1 FROM nearest m WHERE m.__entity = o.__entity AND m.__event_at = o.__event_at) AS hit,
      (SELECT min(p.__at) FROM predicted p WHERE p.__entity = o.__entity) AS first FROM outcome o)
    SELECT CASE WHEN hit THEN '' WHEN first IS NULL THEN 'its entity was never predicted'
      WHEN first > __event_at THEN 'its entity was predicted only afterwards'
      ELSE 'its entity was predicted longer ago than the horizon' END AS reason, count(*) AS rows
    FROM of GROUP BY 1 ORDER BY 2 DESC, 1`);
  const [matured] = await engine.query<{ entities: number; labelled: number }>(`WITH ${matchedWith(maturing, now)},
    entity AS (SELECT p.__entity, p.__version, bool_or(m.__label IS NOT NULL) AS told FROM predicted p
      LEFT JOIN matched m USING (__request, __row, __version) WHERE p.__matured AND p.__role <> 'shadow' GROUP BY ALL)
    SELECT count(*) AS entities, count(*) FILTER (WHERE told) AS labelled FROM entity`);
  const counted = rows.map((row) => ({ reason: row.reason, rows: Number(row.rows) }));
  const [entities, labelled] = [Number(matured!.entities), Number(matured!.labelled)];
  return {
    outcomes: counted.reduce((sum, row) => sum + row.rows, 0),
    matched: counted.find(({ reason }) => reason === "")?.rows ?? 0,
    unmatched: counted.filter(({ reason }) => reason !== ""),
    matured: { entities, labelled, share: entities === 0 ? null : labelled / entities },
  };
}
