import { type Column, type DatasetPin, parseDatasetRef, pinOf } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import type { ForecastRule } from "@muster/shared/features/label-rule.ts";
import type { Engine } from "@muster/shared/warehouse/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { openPins, writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { predictionsDataset } from "../serving/landing.ts";
import type { ServingPackage } from "../serving/package.ts";
import { countMatches, type Matching } from "./match.ts";
import { currentSql, loadedSql, mergedSql, type OutcomeColumn, type OutcomeColumns, outcomesDataset } from "./rows.ts";
import { seriesSql } from "./series-rows.ts";

/**
 * A loaded table of outcomes and the names of its columns (`arrived` undefined: the table's own arrival column, if it has one); of a
 * forecast the rule by which its series are read from a table of their kind.
 */
export type Recording = { lake: Lake; served: ServingPackage; dataset: DatasetPin; now: Date } & (
  | { columns: NamedColumns; series?: undefined }
  | { columns?: undefined; series: ForecastRule }
);
type NamedColumns = { entity: string; event: string; label: string; arrived?: string };

/** What came of it: the version that holds all outcomes, and of the loaded rows how many were new, corrections, repeated or refused. */
export type Recorded = {
  outcomes: DatasetPin;
  read: number;
  added: number;
  corrected: number;
  repeated: number;
  refused: { reason: string; rows: number }[];
  matching: Matching;
};

/**
 * Takes a loaded table's rows into a model's outcomes. Outcomes may come late, again and corrected: every arrival is kept,
 * the newest one holds, and the same table again changes nothing. Recordings of one model wait for each other. `invalid_input` names a column that isn't there or is of
 * another type, `unfit` where no row can be an outcome.
 */
export function recordOutcomes(recording: Recording): Promise<Recorded> {
  // Each stands on the version before it: two at a time would lose one's rows.
  const { name } = recording.served;
  const turn = (turns.get(name) ?? Promise.resolve()).then(() => record(recording));
  const settled = turn.catch(() => undefined).finally(() => turns.get(name) === settled && turns.delete(name));
  turns.set(name, settled);
  return turn;
}

const turns = new Map<string, Promise<unknown>>();

async function record({ lake, served, dataset, columns, series, now }: Recording): Promise<Recorded> {
  const name = outcomesDataset(served.name);
  const before = await lake.newest(name);
  const inputs = {
    loaded: dataset,
    ...(before && { earlier: pinOf(name, before.version) }),
  };
  const sql =
    series === undefined
      ? loadedSql("loaded", await columnsOf(lake, dataset, columns), served.output, now)
      : seriesSql({ relation: "loaded", columns: (await lake.manifest(dataset)).columns }, series, now);
  const engine = await openPins(lake, inputs);
  let counts: Omit<Recorded, "outcomes" | "matching">;
  try {
    counts = await count(engine, sql, before !== null);
  } finally {
    engine.close();
  }
  if (counts.read === counts.refused.reduce((sum, { rows }) => sum + rows, 0)) throw nothingIn(dataset, counts, series);
  const { version } = await writeQuery(lake, {
    ...{ name, kind: "outcomes", time: "__event_at", arrived: "__arrived_at", now },
    sql: mergedSql(sql, before !== null, now),
    inputs,
    origin: `outcomes of ${served.name}`,
  });
  return { outcomes: pinOf(name, version), ...counts, matching: await matchingOf(lake, served, version, now) };
}

function nothingIn(
  dataset: DatasetPin,
  { read, refused }: Pick<Recorded, "read" | "refused">,
  series: ForecastRule | undefined,
) {
  const { name } = parseDatasetRef(dataset);
  const why = refused.map(({ reason, rows }) => `${rows} × ${reason}`).join(", ");
  const none = series ? `no ${series.unit} of ${name} is over` : `${name} has no row`;
  const said = read === 0 ? none : `no row of ${name} can be an outcome: ${why}`;
  return fault("unfit", `${said}; load the outcomes again`, { refused });
}

const times = ["date", "timestamp"];

async function columnsOf(lake: Lake, dataset: DatasetPin, named: NamedColumns): Promise<OutcomeColumns> {
  const { name, columns, arrived } = await lake.manifest(dataset);
  const find = (column: string, what: string, types?: readonly string[]): OutcomeColumn => {
    const found: Column | undefined = columns.find((one) => one.name === column);
    if (!found)
      throw fault(
        "invalid_input",
        `${name} has no column ${column} to take the ${what} from; it has ${columns
          .map((c) => c.name)
          .slice(0, 20)
          .join(", ")}`,
      );
    if (types && !types.includes(found.type))
      throw fault("invalid_input", `${name}.${column} is no time and can't be the ${what}`);
    return found;
  };
  const from = named.arrived ?? arrived;
  return {
    entity: find(named.entity, "entity"),
    event: find(named.event, "event time", times),
    label: find(named.label, "label"),
    arrived: from === null ? null : find(from, "arrival", times),
  };
}

async function count(
  engine: Engine,
  loaded: string,
  earlier: boolean,
): Promise<Omit<Recorded, "outcomes" | "matching">> {
  const refused = await engine.query<{ reason: string; rows: number }>(
    `SELECT __fault AS reason, count(*) AS rows FROM (${loaded}) WHERE __fault IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1`,
  );
  const held = earlier ? currentSql("earlier") : "SELECT '' AS __entity, NULL AS __event_at, '' AS __label WHERE false";
  const [row] = await engine.query<Record<"read" | "added" | "corrected" | "repeated", number>>(`
    WITH held AS (${held}), said AS (
      SELECT l.*, h.__label AS before, row_number() OVER (PARTITION BY l.__entity, l.__event_at, l.__label ORDER BY l.__arrived_at) AS nth,
        dense_rank() OVER (PARTITION BY l.__entity, l.__event_at ORDER BY l.__arrived_at, l.__label) AS turn
      FROM (${loaded}) l LEFT JOIN held h ON h.__entity = l.__entity AND h.__event_at = l.__event_at WHERE l.__fault IS NULL)
    SELECT (SELECT count(*) FROM (${loaded})) AS read,
      count(*) FILTER (WHERE before IS NULL AND nth = 1 AND turn = 1) AS added,
      count(*) FILTER (WHERE nth = 1 AND (before IS NOT NULL AND before <> __label OR before IS NULL AND turn > 1)) AS corrected,
      count(*) FILTER (WHERE nth > 1 OR before = __label) AS repeated FROM said`);
  const { read, added, corrected, repeated } = row!;
  return {
    ...{ read: Number(read), added: Number(added), corrected: Number(corrected), repeated: Number(repeated) },
    refused: refused.map(({ reason, rows }) => ({ reason, rows: Number(rows) })),
  };
}

const none: Matching = { outcomes: 0, matched: 0, unmatched: [], matured: { entities: 0, labelled: 0, share: null } };

async function matchingOf(lake: Lake, served: ServingPackage, version: string, now: Date): Promise<Matching> {
  const open = await openOutcomes(lake, served.name, version);
  if (!open) return { ...none, unmatched: [] };
  try {
    return await countMatches(open, served.problem, now);
  } finally {
    open.close();
  }
}

/**
 * An engine over a model's `log` of predictions and its `outcomes` (the newest, or those of a version); null without a log, or
 * without outcomes unless none `may` be recorded yet: then there are none. Close it.
 */
export async function openOutcomes(
  lake: Lake,
  model: string,
  version?: string,
  may: "be none" | null = null,
): Promise<Engine | null> {
  const log = await lake.newest(predictionsDataset(model));
  const held = version ?? (await lake.newest(outcomesDataset(model)))?.version;
  if (!log || (held === undefined && may === null)) return null;
  const engine = await openPins(lake, {
    logged: pinOf(log.name, log.version),
    ...(held !== undefined && { outcomes: pinOf(outcomesDataset(model), held) }),
  });
  // A log of before there were roles and splits holds answers only.
  const absent = ["__role", "__split"].filter((column) => !log.columns.some(({ name }) => name === column));
  await engine.run(
    `CREATE VIEW log AS SELECT *${absent.map((column) => `, CAST(NULL AS VARCHAR) AS ${column}`).join("")} FROM logged`,
  );
  if (held === undefined)
    await engine.run(`CREATE VIEW outcomes AS SELECT CAST(NULL AS VARCHAR) AS __entity, CAST(NULL AS TIMESTAMP) AS __event_at,
      CAST(NULL AS VARCHAR) AS __label, CAST(NULL AS TIMESTAMP) AS __arrived_at WHERE false`);
  return engine;
}
