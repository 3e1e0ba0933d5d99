import type { Population, Problem } from "../domain/problem.ts";
import { fault } from "../fault.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { quoteIdent, quoteLiteral } from "../warehouse/quote.ts";
import { conditionsSql } from "./conditions.ts";
import { completeUntil } from "./horizon.ts";
import { type EventRule, isEventRule, NO_EVENT } from "./label-rule.ts";
import { closedWindows, windowsSql } from "./label-windows.ts";
import { columnOf, doubleSql, NUMERIC, numberSql, qualified, type Relation, TEMPORAL, typedColumn } from "./schema.ts";

/** What the rows of events are made over: the label's table, and the population's. */
type EventSource = { dialect: Dialect; problem: Problem; dataset: Relation; people: Relation };

const momentSql = (table: Relation, name: string, what: string): string =>
  `CAST(${qualified("t", typedColumn(table, name, TEMPORAL, what).name)} AS TIMESTAMP)`;

/** SQL of `__population(__cutoff, …, __key)`: who is asked about at each cutoff, once. */
function populationSql({ people }: EventSource, { key, time, arrived, days, where }: Population): string {
  const name = qualified("t", columnOf(people, key).name);
  const at = time === null ? null : momentSql(people, time, "a population's time");
  const known = [at, arrived === null ? null : momentSql(people, arrived, "an arrival")].filter((one) => one !== null);
  const on = [
    ...known.map((moment) => `${moment} <= c.__cutoff`),
    ...(at === null || days === null ? [] : [`${at} > c.__cutoff - ${days} * INTERVAL '1 day'`]),
  ];
  return `__population AS (
  SELECT DISTINCT c.__cutoff, c.__from, c.__until, c.__known_at, c.__split, ${name} AS __key
  FROM __cutoffs c JOIN ${quoteIdent(people.relation)} t ON ${on.length === 0 ? "true" : on.join(" AND ")}
  WHERE ${name} IS NOT NULL AND ${conditionsSql(people, where)}
)`;
}

/** SQL for what a row of events carries for its label: `__value`, beside key and moment. */
function valueSql({ dialect, dataset }: EventSource, label: EventRule): string {
  if (label.kind === "next") {
    const column = typedColumn(
      dataset,
      label.column,
      ["text", "boolean", "integer"],
      "the category of what comes next",
    );
    return dialect.text(qualified("t", column.name), column.type);
  }
  if (label.kind !== "value" || label.column === null) return "CAST(NULL AS DOUBLE PRECISION)";
  const number = (name: string) =>
    numberSql(dialect, "t", typedColumn(dataset, name, NUMERIC, `the ${label.aggregate} over a window`));
  return label.times === null ? number(label.column) : `${number(label.column)} * ${number(label.times)}`;
}

/** SQL for the aggregate of a window's rows `e` (none: all columns missing). */
function aggregated({ dialect }: EventSource, label: Extract<EventRule, { kind: "value" }>): string {
  switch (label.aggregate) {
    case "count":
      return doubleSql(label.column === null ? "count(e.__at)" : "count(e.__value)");
    case "sum":
      return `coalesce(${dialect.sum("e.__value")}, 0.0)`;
    case "mean":
      return dialect.mean("e.__value");
    case "min":
    case "max":
      return `${label.aggregate}(e.__value)`;
    case "last":
      return "CASE WHEN min(e.__value) FILTER (WHERE e.__at = e.__last) = max(e.__value) FILTER (WHERE e.__at = e.__last) THEN max(e.__value) FILTER (WHERE e.__at = e.__last) END";
  }
}

/** SQL for the label over the population `p` and the rows `e` of its window, grouped by cutoff and key. */
function labelOfWindow(source: EventSource, label: EventRule): string {
  switch (label.kind) {
    case "occurs":
      return label.first
        ? "CASE WHEN max(f.__first) > p.__from AND max(f.__first) <= p.__until THEN '1' ELSE '0' END"
        : "CASE WHEN count(e.__at) > 0 THEN '1' ELSE '0' END";
    case "next": {
      const at = "FILTER (WHERE e.__at = e.__next)";
      const one = `min(e.__value) ${at} = max(e.__value) ${at} AND count(e.__value) ${at} = count(e.__at) ${at}`;
      return `CASE WHEN count(e.__at) = 0 THEN ${quoteLiteral(NO_EVENT)} WHEN ${one} THEN min(e.__value) ${at} END`;
    }
    case "until": {
      const { dialect } = source;
      const end = "coalesce(min(e.__at), p.__until)";
      return `(${doubleSql(`${dialect.micros(end)} - ${dialect.micros("p.__from")}`)} / 86400000000.0)`;
    }
    case "value":
      return aggregated(source, label);
  }
}

/**
 * SQL for the labelled rows of a problem about events: one per cutoff and member of the population then, its label by the
 * rule over the entity's events in (cutoff + gap, cutoff + gap + horizon]. Only cutoffs whose windows have closed and whose
 * labels are known by the data's now give labelled rows; a row that the rule has no label for is left out of them.
 * The entity's key is the one `own` column a row has: everything else about it stands in tables with times.
 */
export function eventLabelRows(
  dialect: Dialect,
  problem: Problem,
  dataset: Relation,
  own: readonly string[],
  tables: Readonly<Record<string, Relation>>,
): string {
  const { label, population, entity, labelDelayDays } = problem;
  if (!isEventRule(label) || population === undefined || entity === null)
    throw fault("invalid_input", "the problem is none of an entity's events; define the problem again");
  const stranger = own.find((name) => name !== entity);
  if (stranger !== undefined)
    throw fault(
      "invalid_input",
      `column ${stranger} is of an event, and a row stands for one ${entity} at a cutoff; read it as of then, by its key`,
      { column: stranger },
    );
  const people = population.dataset === problem.dataset ? dataset : tables[population.dataset];
  if (people === undefined)
    throw fault("not_found", `${population.dataset}, which says who is asked about, isn't in the scope`, {
      dataset: population.dataset,
    });
  const source: EventSource = { dialect, problem, dataset, people };
  const key = columnOf(dataset, entity);
  const whom = columnOf(people, population.key);
  if (whom.type !== key.type)
    throw fault(
      "invalid_input",
      `${population.dataset}.${whom.name} is ${whom.type} and ${problem.dataset}.${key.name} ${key.type}; name a key of the same type`,
    );
  const { type } = typedColumn(dataset, label.time, TEMPORAL, "the time of events");
  const windows = closedWindows(problem, labelDelayDays, (now) => completeUntil(now, type));
  const at = momentSql(dataset, label.time, "the time of events");
  const first = label.kind === "occurs" && label.first ? label : null;
  const known = first === null || first.arrived === null ? "e.__at" : "greatest(e.__at, e.__arrived)";
  const arrived =
    first === null || first.arrived === null ? "" : `, ${momentSql(dataset, first.arrived, "an arrival")} AS __arrived`;
  // Who is known to have had one is asked no more; an event that arrived late wasn't known.
  const firsts = `, __firsts AS (SELECT e.__key, min(e.__at) AS __first, min(${known}) AS __known FROM __events e GROUP BY e.__key)`;
  const joined = first === null ? "" : " LEFT JOIN __firsts f ON f.__key = p.__key";
  const never = first === null ? "" : "\n  WHERE f.__known IS NULL OR f.__known > p.__cutoff";
  const entitySql = dialect.text("r.__key", key.type);
  const carried = own.map((name) => `, r.__key AS ${quoteIdent(name)}`).join("");
  return `WITH ${windowsSql(windows)}, ${populationSql(source, population)}, __events AS MATERIALIZED (
  SELECT ${qualified("t", key.name)} AS __key, ${at} AS __at, ${valueSql(source, label)} AS __value${arrived}
  FROM ${quoteIdent(dataset.relation)} t
  WHERE ${qualified("t", key.name)} IS NOT NULL AND ${at} IS NOT NULL AND ${conditionsSql(dataset, label.where)}
)${first === null ? "" : firsts}, __within AS (
  SELECT p.__cutoff, p.__key, e.__at, e.__value, min(e.__at) OVER own AS __next, max(e.__at) OVER own AS __last
  FROM __population p JOIN __events e ON e.__key = p.__key AND e.__at > p.__from AND e.__at <= p.__until
  WINDOW own AS (PARTITION BY p.__cutoff, p.__key)
), __rows AS (
  SELECT p.__cutoff, p.__key, p.__known_at, p.__split, ${labelOfWindow(source, label)} AS __label
  FROM __population p LEFT JOIN __within e ON e.__cutoff = p.__cutoff AND e.__key = p.__key${joined}${never}
  GROUP BY p.__cutoff, p.__key, p.__known_at, p.__split, p.__from, p.__until
)
SELECT ${entitySql} AS __entity, r.__cutoff, CASE WHEN r.__split = 'scoring' THEN NULL ELSE r.__label END AS __label,
  r.__known_at, r.__split${carried}
FROM __rows r WHERE r.__split = 'scoring' OR r.__label IS NOT NULL`;
}
