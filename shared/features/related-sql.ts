import type { Column } from "../domain/dataset.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { quoteIdent } from "../warehouse/quote.ts";
import { emptySql, microsOf, type ReadAs, reachOf, windowSql } from "./aggregate-sql.ts";
import {
  isLookup,
  type LagFeature,
  type LookupFeature,
  type MeanRatioFeature,
  type RelatedFeature,
  relatedValues,
  type WindowFeature,
} from "./kinds.ts";
import { alike, ownRowSql, plainSql } from "./own-row-sql.ts";
import { orderOf } from "./past.ts";
import {
  columnOf,
  daysSql,
  doubleSql,
  laterSql,
  microsSql,
  NUMERIC,
  qualified,
  type Relation,
  TEMPORAL,
  typedColumn,
} from "./schema.ts";

/** Common table expressions of one group of related features, the joins back to the spine, and SQL per feature name. */
export type CompiledGroup = { ctes: string[]; joins: string[]; values: Map<string, string> };

/**
 * What a group is compiled over. `past`: the table is the spine's own, `__self` numbering the rows of both, and only rows
 * before the own one count. `via`: the relation between, where the own row's key doesn't name the table's rows itself.
 */
export type GroupSource = {
  dialect: Dialect;
  spine: Relation;
  table: Relation;
  via?: Relation;
  past: boolean;
};

/** How a feature is answered; the mean before the own row and a recency among ordered rows of one moment need their join, without the own row. */
function kindOf(f: RelatedFeature): "lookup" | "lag" | "recent" | "before" | "window" {
  if (isLookup(f)) return "lookup";
  if (f.kind === "recency_days") return f.order === undefined ? "recent" : "before";
  if (f.kind === "mean_ratio") return "before";
  return f.kind === "lag" ? "lag" : "window";
}

/** Features that one pass over one related table can answer get the same text. */
export const groupKey = (f: RelatedFeature): string =>
  JSON.stringify([kindOf(f), f.table, f.key, f.localKey, f.time, f.arrived, f.via, "order" in f ? f.order : null]);

/** How two key columns are compared: as they are where their types agree, else as numbers or text. */
function comparable(dialect: Dialect, a: Column, b: Column): { left: AsKey; right: AsKey } {
  if (a.type === b.type) return { left: (sql) => sql, right: (sql) => sql };
  const numbers = [a, b].every(({ type }) => type === "integer" || type === "number");
  const as = ({ type }: Column): AsKey => (numbers ? doubleSql : (sql) => dialect.text(sql, type));
  return { left: as(a), right: as(b) };
}
type AsKey = (sql: string) => string;

/**
 * SQL for a value of a related row as it was at the cutoff `k.__cutoff`. A row may have been written to after it arrived:
 * a date later than the cutoff wasn't there yet, nor was what `filledBy` says is filled in with such a date.
 */
function knownSql(feature: RelatedFeature, { table, past }: GroupSource, name: string, value: string): string {
  const filledBy = "filledBy" in feature ? feature.filledBy : undefined;
  const dates = new Set<string>();
  if (filledBy !== undefined)
    dates.add(typedColumn(table, filledBy, TEMPORAL, `the date that fills in feature ${feature.name}`).name);
  if (TEMPORAL.includes(columnOf(table, name).type)) dates.add(name);
  // Rows whose time or arrival is later aren't joined at all, but for the own row, which may arrive after it is scored.
  for (const moment of past ? [feature.time] : [feature.time, feature.arrived])
    if (moment !== null) dates.delete(moment);
  const later = [...dates].map((date) => laterSql("t", date, "k.__cutoff"));
  return later.length === 0 ? value : `CASE WHEN ${later.join(" OR ")} THEN NULL ELSE ${value} END`;
}

/** The columns that windows read, each once as it was at the cutoff: items of the joined rows' SELECT, and their names. */
function knownColumns(features: readonly WindowFeature[], source: GroupSource): { selected: string; readAs: ReadAs } {
  const names = new Map<string, string>();
  const known: (...of: Parameters<ReadAs>) => string = (feature, name) =>
    knownSql(feature, source, name, qualified("t", columnOf(source.table, name).name));
  for (const sql of features.flatMap((f) => relatedValues(f).map((name) => known(f, name))))
    if (!names.has(sql)) names.set(sql, `__c${names.size}`);
  return {
    selected: [...names].map(([sql, name]) => `, ${sql} AS ${name}`).join(""),
    readAs: (feature, name) => names.get(known(feature, name))!,
  };
}

function valueSql(feature: LookupFeature | LagFeature, source: GroupSource): string {
  const { dialect, table } = source;
  if (feature.kind !== "lookup_age_days") {
    const column = typedColumn(table, feature.column, alike(feature.type), `feature ${feature.name}`);
    return knownSql(feature, source, column.name, plainSql(dialect, "t", column, feature.name));
  }
  const { name } = typedColumn(table, feature.column, TEMPORAL, `feature ${feature.name}`);
  return knownSql(feature, source, name, daysSql(dialect.micros("k.__cutoff"), microsSql(dialect, "t", name)));
}

/** The moments at which a group is asked for (`k`), the rows of the table that are known then (`t`), and how answers come back. */
type Meeting = {
  ctes: string[];
  joins: string[];
  /** What tells the moments apart. */
  ids: string[];
  /** `keys k JOIN table t ON …`; `reach`: rows older than so many microseconds needn't meet. */
  from: (reach: number | null) => string;
  keys: string;
  back: (group: string) => string;
  /** SQL for a table row's key and event time. */
  key: string;
  at: string | null;
};

/** The start of the stretch of `length` microseconds in which a moment lies; stretches are whole, so neighbours are told by subtraction. */
const stretchSql = (micros: string, length: number): string =>
  `(${micros} - (((${micros}) % ${length}) + ${length}) % ${length})`;

function meeting(first: RelatedFeature, source: GroupSource, id: number): Meeting {
  const { dialect, spine, table, via, past } = source;
  const [keys, near] = [`__keys${id}`, `__hop${id}`];
  const named = via === undefined ? columnOf(spine, first.localKey) : columnOf(via, first.via!.column);
  const keyed = comparable(dialect, named, columnOf(table, first.key));
  const ctes: string[] = [];
  const joins: string[] = [];
  let own = keyed.left(qualified("s", first.localKey));
  let reached = "";
  if (via !== undefined && first.via !== undefined) {
    const hop = comparable(dialect, columnOf(spine, first.localKey), columnOf(via, first.via.key));
    const from = hop.right(qualified("v", first.via.key));
    const name = keyed.left(qualified("v", named.name));
    ctes.push(
      `${near} AS (SELECT ${from} AS __from, CASE WHEN min(${name}) = max(${name}) THEN min(${name}) END AS __key
  FROM ${quoteIdent(via.relation)} v GROUP BY ${from})`,
    );
    reached = `LEFT JOIN ${near} ON ${near}.__from = ${hop.left(qualified("s", first.localKey))}`;
    joins.push(reached);
    own = `${near}.__key`;
  }
  const key = keyed.right(qualified("t", first.key));
  const order = isLookup(first) ? null : orderOf(first, table);
  if (past) {
    const ordered = order === null ? "" : `, ${qualified("s", order)} AS __order`;
    ctes.push(
      `${keys} AS (SELECT s.__self, ${own} AS __key, s.__cutoff, s.__micros${ordered} FROM ${quoteIdent(spine.relation)} s
  WHERE ${own} IS NOT NULL AND s.__micros IS NOT NULL)`,
    );
  } else {
    ctes.push(
      `${keys} AS (SELECT DISTINCT ${own} AS __key, s.__cutoff, ${dialect.micros("s.__cutoff")} AS __micros FROM ${quoteIdent(spine.relation)} s ${reached} WHERE ${own} IS NOT NULL)`,
    );
  }
  const matches = [`${key} = k.__key`];
  if (first.time !== null && !past) {
    typedColumn(table, first.time, TEMPORAL, `the time of feature ${first.name}`);
    matches.push(`CAST(${qualified("t", first.time)} AS TIMESTAMP) <= k.__cutoff`);
  }
  const arrived =
    first.arrived === null
      ? null
      : `CAST(${qualified("t", typedColumn(table, first.arrived, TEMPORAL, `the arrival of feature ${first.name}`).name)} AS TIMESTAMP) <= k.__cutoff`;
  if (arrived !== null && !past) matches.push(arrived);
  if (past) {
    const tie =
      order === null
        ? null
        : `t.__micros = k.__micros AND (${qualified("t", order)} < k.__order OR (k.__order IS NULL AND ${qualified("t", order)} IS NOT NULL))`;
    const before = tie === null ? "t.__micros < k.__micros" : `(t.__micros < k.__micros OR (${tie}))`;
    const others = arrived === null ? before : `(${before} AND ${arrived})`;
    const self = kindOf(first) === "window" ? " OR t.__self = k.__self" : "";
    matches.push(`t.__micros <= k.__micros AND (${others}${self})`);
  }
  const at = past ? "t.__micros" : first.time === null ? null : microsSql(dialect, "t", first.time);
  const ids = past ? ["__self"] : ["__key", "__cutoff"];
  return {
    ...{ ctes, joins, ids, keys, at, key },
    from: (reach) => {
      const rows = `JOIN ${quoteIdent(table.relation)} t ON ${matches.join(" AND ")}`;
      if (reach === null || at === null) return `${keys} k ${rows}`;
      // A window's rows lie in the stretch of its length where it ends or in the one before: rows meet those only.
      const moments = `SELECT m.*, ${stretchSql("m.__micros", reach)} - d.back * ${reach} AS __stretch FROM ${keys} m CROSS JOIN (VALUES (0), (1)) AS d(back)`;
      return `(${moments}) k ${rows} AND ${stretchSql(at, reach)} = k.__stretch`;
    },
    back: (group) =>
      past
        ? `LEFT JOIN ${group} ON ${group}.__self = s.__self`
        : `LEFT JOIN ${group} ON ${group}.__key = ${own} AND ${group}.__cutoff IS NOT DISTINCT FROM s.__cutoff`,
  };
}

/** SQL for the own row's value, as it was at the cutoff. */
const ownSql = ({ name, column, filledBy }: MeanRatioFeature, { dialect, spine }: GroupSource): string => {
  const { type } = typedColumn(spine, column, NUMERIC, `feature ${name}`);
  return ownRowSql(dialect, { kind: "column", name, column, type, ...(filledBy && { filledBy }) }, spine, "s");
};

const picked = (ids: readonly string[], alias: string): string => ids.map((id) => `${alias}.${id}`).join(", ");

function compileWindows(
  features: readonly WindowFeature[],
  source: GroupSource,
  { from, ids, at }: Meeting,
  [joined, group]: [string, string],
): Pick<CompiledGroup, "ctes" | "values"> {
  const longest = features.map(reachOf);
  // Without a feature over all history, rows older than the longest window needn't be joined at all.
  const reach = longest.includes(null) ? null : microsOf(Math.max(...(longest as number[])));
  const age = `k.__micros - ${at}`;
  const { selected, readAs } = knownColumns(features, source);
  const aggregates = features.map((f, i) => {
    const value =
      f.kind === "recency_days"
        ? daysSql("min(__age)", "0")
        : windowSql(f, {
            ...{ dialect: source.dialect, table: source.table, readAs },
            within: (days) => ({ condition: days === null ? null : `__age < ${microsOf(days)}`, over: "" }),
          });
    return `${value} AS v${i}`;
  });
  const ctes = [
    `${joined} AS (SELECT ${picked(ids, "k")}, ${age} AS __age${selected} FROM ${from(reach)})`,
    `${group} AS (SELECT ${picked(ids, "t")}, ${aggregates.join(", ")} FROM ${joined} t${reach === null ? "" : ` WHERE __age < ${reach}`} GROUP BY ${picked(ids, "t")})`,
  ];
  const values = new Map<string, string>();
  features.forEach((f, i) => {
    const empty = emptySql(f);
    const answer = `${group}.v${i}`;
    const value = f.kind === "mean_ratio" ? source.dialect.divide(`(${ownSql(f, source)})`, answer) : answer;
    values.set(
      f.name,
      empty === null ? value : `CASE WHEN s.__cutoff IS NOT NULL THEN coalesce(${value}, ${empty}) END`,
    );
  });
  return { ctes, values };
}

/** The newest event before each moment: events and moments in one order of the time from which they are known. */
function compileRecent(
  features: readonly RelatedFeature[],
  { dialect, table, past }: GroupSource,
  { keys, ids, key, at }: Meeting,
  [joined, group]: [string, string],
): Pick<CompiledGroup, "ctes" | "values"> {
  const [first] = features;
  const arrived = first!.arrived === null ? null : microsSql(dialect, "t", first!.arrived);
  // Of the own table only earlier rows count: known from the microsecond after.
  const from = past ? `${at} + 1` : at;
  const known = arrived === null ? from : `CASE WHEN ${arrived} > ${from} THEN ${arrived} ELSE ${from} END`;
  const there = arrived === null ? "" : ` AND ${arrived} IS NOT NULL`;
  const none = ids.map((id) => `NULL AS ${id}`).filter((item) => item !== "NULL AS __key");
  const others = ids.filter((id) => id !== "__key");
  const last = "max(__event) OVER (PARTITION BY __key ORDER BY __at RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)";
  const ctes = [
    `${joined} AS (SELECT k.__key, ${picked(others, "k")}, k.__micros AS __at, CAST(NULL AS BIGINT) AS __event, true AS __asks FROM ${keys} k WHERE k.__micros IS NOT NULL
  UNION ALL SELECT ${key}, ${none.join(", ")}, ${known}, ${at}, false FROM ${quoteIdent(table.relation)} t WHERE ${at} IS NOT NULL${there} AND ${key} IS NOT NULL)`,
    `${group} AS (SELECT ${picked(ids, "e")}, ${daysSql("e.__at", "e.__last")} AS v0 FROM (SELECT *, ${last} AS __last FROM ${joined} j) e WHERE e.__asks)`,
  ];
  return { ctes, values: new Map(features.map((f) => [f.name, `${group}.v0`])) };
}

/** One row of the table each: the newest, or the n-th newest; missing where several of one moment contradict each other. */
function compileRows(
  features: readonly (LookupFeature | LagFeature)[],
  source: GroupSource,
  { from, ids, at }: Meeting,
  [joined, group]: [string, string],
): Pick<CompiledGroup, "ctes" | "values"> {
  const [first] = features;
  const lag = first!.kind === "lag";
  const moments = lag
    ? [`${at} DESC`, ...(first!.order === undefined ? [] : [`${qualified("t", first!.order)} DESC NULLS FIRST`])]
    : [first!.time, first!.arrived].filter((c) => c !== null).map((c) => `${qualified("t", c)} DESC`);
  const own = `PARTITION BY ${picked(ids, "k")}`;
  const rank = moments.length === 0 ? "1" : `rank() OVER (${own} ORDER BY ${moments.join(", ")})`;
  const peers = lag
    ? `, count(*) OVER (${own}, ${at}${first!.order === undefined ? "" : `, ${qualified("t", first!.order)}`}) AS __peers`
    : "";
  const values = features.map((f, i) => `${valueSql(f, source)} AS v${i}`);
  const agreed = features.map((f, i) => {
    const there = f.kind === "lag" ? ` FILTER (WHERE __rank <= ${f.back} AND __rank + __peers > ${f.back})` : "";
    return `CASE WHEN min(v${i})${there} = max(v${i})${there} THEN min(v${i})${there} END AS v${i}`;
  });
  const ctes = [
    `${joined} AS (SELECT ${picked(ids, "k")}, ${rank} AS __rank${peers}, ${values.join(", ")} FROM ${from(null)})`,
    `${group} AS (SELECT ${ids.join(", ")}, ${agreed.join(", ")} FROM ${joined}${lag ? "" : " WHERE __rank = 1"} GROUP BY ${ids.join(", ")})`,
  ];
  return { ctes, values: new Map(features.map((f, i) => [f.name, `${group}.v${i}`])) };
}

/**
 * Compiles features of one group (same table, key, local key, times) into one pass over the table.
 * Rows count when event time ≤ cutoff and arrival ≤ cutoff; a row without the time or the arrival never counts. Of a row
 * that counts, dates later than the cutoff are missing, and with them what a feature's `filledBy` says they fill in.
 */
export function compileGroup(features: readonly RelatedFeature[], source: GroupSource, id: number): CompiledGroup {
  const first = features[0]!;
  const meet = meeting(first, source, id);
  const names: [string, string] = [`__near${id}`, `__group${id}`];
  const kind = kindOf(first);
  const { ctes, values } =
    kind === "window" || kind === "before"
      ? compileWindows(features as readonly WindowFeature[], source, meet, names)
      : kind === "recent"
        ? compileRecent(features, source, meet, names)
        : compileRows(features as readonly (LookupFeature | LagFeature)[], source, meet, names);
  return { ctes: [...meet.ctes, ...ctes], joins: [...meet.joins, meet.back(names[1])], values };
}
