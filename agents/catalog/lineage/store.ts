import type { Database, Migration, Trx } from "@muster/shared/database/open.ts";
import { readingOn } from "@muster/shared/database/reading.ts";
import type { LineageRecord } from "@muster/shared/domain/lineage.ts";
import { sql } from "kysely";
import { type GraphEdge, type GraphNode, graphOf, jobOf } from "./edges.ts";

/** Runs with what they said, the graph they make, events from outside that were seen, and how far the outbox was read. */
export type LineageTables = {
  lineage_run: {
    run: string;
    origin: LineageRecord["origin"];
    job: string;
    state: LineageRecord["state"];
    ended_at: string | null;
    record: string;
    sent_at: string | null;
    refused: string | null;
  };
  lineage_node: GraphNode;
  lineage_edge: GraphEdge & { run: string; origin: LineageRecord["origin"]; at: string };
  lineage_event: { id: string; run: string; at: string };
  lineage_cursor: { name: string; xid: string; seq: number };
};

/** The step that makes lineage's tables. */
export const lineageMigration: Migration = {
  name: "lineage",
  sql: `
    create table lineage_run (
      run uuid not null, seq bigint generated always as identity, origin text not null, job text not null,
      state text not null, ended_at timestamptz, record jsonb not null, sent_at timestamptz, refused text, primary key (run, origin));
    create index lineage_run_unsent on lineage_run (seq) where origin = 'ours' and sent_at is null and refused is null;
    create table lineage_node (
      id text primary key, thing text not null, whole text not null, kind text not null, namespace text not null,
      name text not null, version text not null, field text not null);
    create index lineage_node_thing on lineage_node (thing);
    create index lineage_node_whole on lineage_node (whole);
    create table lineage_edge (
      input text not null references lineage_node, output text not null references lineage_node, job text not null,
      type text not null, subtype text not null, run uuid not null, origin text not null, at timestamptz not null);
    create unique index lineage_edge_once on lineage_edge (input, output, md5(job), type, subtype);
    create index lineage_edge_output on lineage_edge (output);
    create table lineage_event (id text primary key, run uuid not null, at timestamptz not null);
    create table lineage_cursor (name text primary key, xid text not null, seq bigint not null);
    insert into lineage_cursor values ('outbox', '0', 0);`,
};

/** A run that is to be told outside. */
export type Unsent = { run: string; record: LineageRecord };

/** Whole things, or columns too. */
export type Grain = "things" | "columns";

/** An edge that a walk came over, and where it began and ended. */
export type Step = GraphEdge & { run: string; origin: LineageRecord["origin"]; at: string };

/** Lineage's tables. */
export function lineageStore(db: Database<LineageTables>) {
  const addGraph = async (trx: Trx<LineageTables>, record: LineageRecord, at: string): Promise<void> => {
    const { nodes, edges } = graphOf(record);
    if (nodes.length === 0) return;
    // In one order: two that add the same nodes wait for each other rather than for ever.
    const sorted = nodes.sort((a, b) => (a.id < b.id ? -1 : 1));
    await sql`insert into lineage_node select * from jsonb_populate_recordset(null::lineage_node, ${JSON.stringify(sorted)}::jsonb) on conflict do nothing`.execute(
      trx,
    );
    const seen = edges.map((edge) => ({ ...edge, run: record.run, origin: record.origin, at }));
    await sql`
      insert into lineage_edge select * from jsonb_populate_recordset(null::lineage_edge, ${JSON.stringify(seen)}::jsonb)
      on conflict (input, output, md5(job), type, subtype) do update set run = excluded.run, origin = excluded.origin, at = excluded.at
      where lineage_edge.at <= excluded.at`.execute(trx);
  };
  const row = (record: LineageRecord) => ({
    ...{ run: record.run, origin: record.origin, job: jobOf(record), state: record.state },
    ...{ ended_at: record.endedAt, record: JSON.stringify(record), sent_at: null, refused: null },
  });
  return {
    /** Keeps a run of ours once; what it read and wrote becomes part of the graph where it ended well. */
    add: async (trx: Trx<LineageTables>, record: LineageRecord, at: string): Promise<void> => {
      const added = await trx
        .insertInto("lineage_run")
        .values(row(record))
        .onConflict((conflict) => conflict.columns(["run", "origin"]).doNothing())
        .returning("run")
        .executeTakeFirst();
      if (added && record.state === "completed") await addGraph(trx, record, record.endedAt ?? at);
    },
    /** A run from outside by its id, locked until the transaction ends; null where there is none. */
    external: async (trx: Trx<LineageTables>, run: string): Promise<LineageRecord | null> => {
      const held = await trx
        .selectFrom("lineage_run")
        .select("record")
        .where("run", "=", run)
        .where("origin", "=", "external")
        .forUpdate()
        .executeTakeFirst();
      return held ? (held.record as unknown as LineageRecord) : null;
    },
    /** Notes an event from outside; false where it was seen before. */
    noteEvent: async (trx: Trx<LineageTables>, event: { id: string; run: string; at: string }): Promise<boolean> => {
      const conflict = trx
        .insertInto("lineage_event")
        .values(event)
        .onConflict((c) => c.column("id").doNothing());
      return (await conflict.returning("id").executeTakeFirst()) !== undefined;
    },
    sawEvent: async (id: string): Promise<boolean> =>
      (await db.selectFrom("lineage_event").select("id").where("id", "=", id).executeTakeFirst()) !== undefined,
    isOurs: async (run: string): Promise<boolean> => {
      const held = db.selectFrom("lineage_run").select("run").where("run", "=", run).where("origin", "=", "ours");
      return (await held.executeTakeFirst()) !== undefined;
    },
    /** Keeps what is known of a run from outside by now; `holds`: it did what it says. */
    keepExternal: async (trx: Trx<LineageTables>, record: LineageRecord, at: string, holds: boolean): Promise<void> => {
      const { run, ...rest } = row(record);
      await trx
        .insertInto("lineage_run")
        .values({ run, ...rest })
        .onConflict((conflict) => conflict.columns(["run", "origin"]).doUpdateSet(rest))
        .execute();
      if (holds) await addGraph(trx, record, at);
    },

    /** Reads on in the outbox: `work` gives where it has come to, in the same transaction, one process at a time. */
    reading: readingOn(db, "lineage_cursor"),

    /** Runs of ours that were not told outside yet, in the order in which they ended. */
    unsent: async (limit: number): Promise<Unsent[]> =>
      (
        await sql<Unsent>`
          select run, record from lineage_run where origin = 'ours' and sent_at is null and refused is null
          order by seq limit ${limit}`.execute(db)
      ).rows,
    sent: async (run: string, at: string): Promise<void> => {
      await db
        .updateTable("lineage_run")
        .set({ sent_at: at })
        .where("run", "=", run)
        .where("origin", "=", "ours")
        .execute();
    },
    refused: async (run: string, why: string): Promise<void> => {
      await db
        .updateTable("lineage_run")
        .set({ refused: why })
        .where("run", "=", run)
        .where("origin", "=", "ours")
        .execute();
    },

    /** The nodes of a thing or of a column: of one version (and those whose version nobody knows), or of all. */
    find: async ({ thing, version }: Pick<GraphNode, "thing" | "version">): Promise<GraphNode[]> =>
      (
        await sql<GraphNode>`
          select id, thing, whole, kind, namespace, name, version, field from lineage_node
          where thing = ${thing} and (${version} in ('', version) or version = '') order by id`.execute(db)
      ).rows,
    /** The columns of whole things. */
    fields: async (things: readonly Pick<GraphNode, "thing" | "version">[]): Promise<GraphNode[]> =>
      (
        await sql<GraphNode>`
          select distinct n.id, n.thing, n.whole, n.kind, n.namespace, n.name, n.version, n.field
          from jsonb_to_recordset(${JSON.stringify(things)}::jsonb) as f(thing text, version text)
          join lineage_node n on n.whole = f.thing and n.field <> '' and (f.version = '' or n.version in ('', f.version))
          order by n.id`.execute(db)
      ).rows,
    nodes: async (ids: readonly string[]): Promise<GraphNode[]> =>
      (
        await sql<GraphNode>`
          select id, thing, whole, kind, namespace, name, version, field from lineage_node
          where id = any(${ids}::text[])`.execute(db)
      ).rows,
    /**
     * The edges that leave (`down`) or reach (`up`) any of these nodes, at most `limit`. A version that isn't known meets every
     * version. From a column on, whole things are only followed where nobody knows their columns, or to the columns that
     * decided their rows.
     */
    steps: async (
      from: readonly Pick<GraphNode, "thing" | "whole" | "version">[],
      direction: "up" | "down",
      limit: number,
    ): Promise<Step[]> => {
      const near = sql.ref(direction === "down" ? "e.input" : "e.output");
      const asked = JSON.stringify(from);
      return (
        await sql<Step>`
          with f as (select distinct thing, whole, version from jsonb_to_recordset(${asked}::jsonb) as f(thing text, whole text, version text)),
          met as (
            select n.id, bool_or(n.thing = f.thing) as itself, bool_or(f.thing = f.whole) as is_whole
            from f join lineage_node n on n.thing = any(array[f.thing, f.whole]) and (f.version = '' or n.version in ('', f.version))
            group by n.id)
          select distinct e.input, e.output, e.job, e.type, e.subtype, e.run, e.origin, e.at
          from met join lineage_edge e on ${near} = met.id
          where case when met.is_whole then e.type in ('TABLE', 'OPAQUE') when met.itself then true else e.type <> 'TABLE' end
          order by e.input, e.output, e.type, e.subtype limit ${limit}`.execute(db)
      ).rows;
    },
  };
}
