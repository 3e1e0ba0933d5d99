import type pg from "pg";
import type { Crawled, ForeignKey, SourceColumn, SourceTable } from "../source.ts";
import { storageTypeOf } from "./relations.ts";

type Query = <T extends pg.QueryResultRow>(sql: string, params: unknown[]) => Promise<T[]>;

/** Tables, partitioned tables as one, views, materialized views and foreign tables; no partition by itself, nothing of the server's own. */
const RELATIONS = `
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'`;

/**
 * The counters of a table's storage and of its rows, its partitions' added: a write, a truncation or a rewrite changes them.
 * The server adds a session's counts a moment after its commit, so equal ones only save work, they prove nothing.
 */
const FINGERPRINT = `
  CASE WHEN c.relkind IN ('r', 'p', 'm') THEN (
    SELECT string_agg(concat_ws('/', pg_relation_filenode(part), pg_relation_size(part), pg_stat_get_tuples_inserted(part),
      pg_stat_get_tuples_updated(part), pg_stat_get_tuples_deleted(part)), ',' ORDER BY part)
    FROM (SELECT c.oid::oid AS part WHERE c.relkind <> 'p' UNION ALL SELECT relid::oid FROM pg_partition_tree(c.oid) WHERE c.relkind = 'p' AND isleaf) parts) END`;

const BYTES = `
  CASE WHEN c.relkind IN ('r', 'm') THEN pg_table_size(c.oid)
    WHEN c.relkind = 'p' THEN (SELECT coalesce(sum(pg_table_size(relid)), 0) FROM pg_partition_tree(c.oid) WHERE isleaf) END`;

const ESTIMATE = `
  CASE WHEN c.relkind = 'p' THEN (SELECT sum(greatest(p.reltuples, 0)) FROM pg_partition_tree(c.oid) t JOIN pg_class p ON p.oid = t.relid WHERE t.isleaf)
    WHEN c.reltuples >= 0 AND c.relkind <> 'v' THEN c.reltuples END`;

type Relation = {
  oid: number;
  schema: string;
  table: string;
  kind: string;
  comment: string | null;
  usable: boolean;
  fingerprint: string | null;
  bytes: number | null;
  estimate: number | null;
};

type Attribute = {
  oid: number;
  name: string;
  type: string;
  nullable: boolean;
  comment: string | null;
  readable: boolean;
};

type Constraint = {
  oid: number;
  type: string;
  columns: string[];
  schema: string | null;
  table: string | null;
  references: string[] | null;
};

const cursorOf = ({ schema, table }: { schema: string; table: string }): string => JSON.stringify([schema, table]);

/** The tables of some schemas (all that the role may use where none is named) after a cursor, by schema and name. */
export async function crawlTables(
  query: Query,
  { schemas, cursor, limit }: { schemas: readonly string[]; cursor: string | null; limit: number },
): Promise<Crawled> {
  const [schema, table] = cursor === null ? ["", ""] : (JSON.parse(cursor) as [string, string]);
  const found = await query<Relation>(
    `SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS "table", c.relkind::text AS kind,
       obj_description(c.oid, 'pg_class') AS comment, has_schema_privilege(n.oid, 'USAGE') AS usable,
       ${FINGERPRINT} AS fingerprint, ${BYTES}::int8 AS bytes, ${ESTIMATE}::float8 AS estimate
     ${RELATIONS} AND (cardinality($1::text[]) = 0 AND has_schema_privilege(n.oid, 'USAGE') OR n.nspname = ANY($1::text[]))
       AND (n.nspname COLLATE "C", c.relname COLLATE "C") > ($2 COLLATE "C", $3 COLLATE "C")
     ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C" LIMIT $4`,
    [[...schemas], schema, table, limit + 1],
  );
  const some = found.slice(0, limit);
  const tables = await describeTables(query, some);
  const refused = some.flatMap((one) => {
    const { columns, hidden } = tables.get(one.oid)!;
    if (one.usable && columns.length > 0) return [];
    const reason = !one.usable || hidden.length > 0 ? "the role may not read it; grant it SELECT" : "it has no columns";
    return [{ schema: one.schema, table: one.table, reason }];
  });
  const left = new Set(refused.map(cursorOf));
  return {
    tables: some.map((one) => tables.get(one.oid)!).filter((one) => !left.has(cursorOf(one))),
    refused,
    next: found.length > limit ? cursorOf(some.at(-1)!) : null,
  };
}

/** One table as it is now; null where there is none. */
export async function describeTable(query: Query, schema: string, table: string): Promise<SourceTable | null> {
  const found = await query<Relation>(
    `SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS "table", c.relkind::text AS kind,
       NULL AS comment, true AS usable, NULL AS fingerprint, ${BYTES}::int8 AS bytes, NULL::float8 AS estimate
     ${RELATIONS} AND n.nspname = $1 AND c.relname = $2`,
    [schema, table],
  );
  return found[0] ? (await describeTables(query, found)).get(found[0].oid)! : null;
}

async function describeTables(query: Query, relations: readonly Relation[]): Promise<Map<number, SourceTable>> {
  const oids = [relations.map(({ oid }) => oid)];
  const attributes = await query<Attribute>(
    `SELECT a.attrelid::int8 AS oid, a.attname AS name, coalesce(b.typname, t.typname) AS type, NOT a.attnotnull AS nullable,
       col_description(a.attrelid, a.attnum) AS comment, has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS readable
     FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
     WHERE a.attrelid = ANY($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum`,
    oids,
  );
  const constraints = await query<Constraint>(
    `SELECT k.conrelid::int8 AS oid, k.contype::text AS type, ${names("k.conrelid", "k.conkey")} AS columns,
       n.nspname AS schema, c.relname AS "table", CASE WHEN k.contype = 'f' THEN ${names("k.confrelid", "k.confkey")} END AS references
     FROM pg_constraint k LEFT JOIN pg_class c ON c.oid = k.confrelid AND k.contype = 'f' LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE k.conrelid = ANY($1::oid[]) AND k.contype IN ('p', 'u', 'f') AND k.conparentid = 0 ORDER BY k.conrelid, k.contype, k.conname`,
    oids,
  );
  return new Map(
    relations.map((relation) => {
      const mine = attributes.filter(({ oid }) => oid === relation.oid);
      return [
        relation.oid,
        tableOf(
          relation,
          mine,
          constraints.filter(({ oid }) => oid === relation.oid),
        ),
      ];
    }),
  );
}

const names = (relation: string, keys: string) =>
  `(SELECT json_agg(a.attname ORDER BY key.place) FROM unnest(${keys}) WITH ORDINALITY AS key(attnum, place) JOIN pg_attribute a ON a.attrelid = ${relation} AND a.attnum = key.attnum)`;

function tableOf(
  relation: Relation,
  attributes: readonly Attribute[],
  constraints: readonly Constraint[],
): SourceTable {
  const columns: SourceColumn[] = attributes
    .filter(({ readable }) => readable)
    .map(({ name, type, nullable, comment }) => ({
      name,
      type: storageTypeOf(type),
      sourceType: type,
      nullable,
      comment,
    }));
  const there = new Set(columns.map(({ name }) => name));
  const whole = (list: readonly string[]) => list.every((name) => there.has(name));
  return {
    schema: relation.schema,
    table: relation.table,
    kind: relation.kind === "v" || relation.kind === "m" ? "view" : "table",
    comment: relation.comment,
    columns,
    hidden: attributes.filter(({ readable }) => !readable).map(({ name }) => name),
    keys: constraints.filter(({ type, columns }) => type !== "f" && whole(columns)).map(({ columns }) => columns),
    foreignKeys: constraints.flatMap(({ type, columns, schema, table, references }): ForeignKey[] =>
      type === "f" && whole(columns) ? [{ columns, schema: schema!, table: table!, references: references! }] : [],
    ),
    rowEstimate: relation.estimate === null ? null : Math.round(relation.estimate),
    bytes: relation.bytes,
    fingerprint: relation.fingerprint,
  };
}
