import { inTurn, type Migration, migrateOwn, openDatabase, type Trx } from "@muster/shared/database/open.ts";
import type { FeatureView } from "@muster/shared/domain/feature.ts";
import { fault } from "@muster/shared/fault.ts";
import type pg from "pg";

type Tables = {
  feature_view: {
    hash: string;
    name: string;
    view: string;
    sql: string;
    sql_hash: string;
    at: string;
    scoring_sql: string | null;
    sources: string | null;
    version: number;
  };
  materialization: { pin: string; view: string; role: string; rows: number; request: string | null; at: string };
};

const migrations: Migration[] = [
  {
    name: "pipeline",
    sql: `
      create table feature_view (hash text primary key, name text not null, view jsonb not null, sql text not null, sql_hash text not null, at timestamptz not null);
      create table materialization (pin text not null, view text not null, role text not null, rows bigint not null, request text, at timestamptz not null);
      create table schedule (
        id text primary key, deployment text not null unique, person text not null, purpose text not null, budget_usd double precision,
        cron text not null, time_zone text not null, text text not null, goals jsonb not null, arguments jsonb not null, paused boolean not null default false, at timestamptz not null);`,
  },
  {
    name: "pipeline runs",
    sql: `
      create table run (
        id text primary key, key text not null unique, tool text not null, request text, person text, problem text not null, dataset text not null, view text,
        input jsonb not null, status text not null check (status in ('running', 'finished')), output text, rows bigint, as_of text,
        started_at timestamptz not null, finished_at timestamptz);
      create index run_started on run (started_at desc, id);
      create index run_view on run (view, started_at desc);
      alter table feature_view add column scoring_sql text, add column sources jsonb;`,
  },
  {
    name: "schedules of any request",
    sql: `
      alter table schedule alter column deployment drop not null, alter column cron drop not null,
        add column name text, add column call jsonb, add column after text[] not null default '{}',
        add column retries int not null default 0, add column within_minutes double precision;
      update schedule set name = 'watch_' || deployment;
      alter table schedule alter column name set not null, add unique (name);
      create table schedule_run (
        schedule text not null references schedule, due timestamptz not null, request text not null unique, attempt int not null,
        status text not null, code text, ended timestamptz, primary key (schedule, due));
      create table cursor (name text primary key, xid text not null, seq bigint not null);
      insert into cursor values ('outbox', '0', 0);`,
  },
  {
    name: "views online",
    sql: `create table online_view (view text primary key, document jsonb not null, pins text[] not null, at timestamptz not null);`,
  },
  {
    name: "view versions",
    sql: `
      alter table feature_view add column version int;
      update feature_view set version = n from (select hash as of, row_number() over (partition by name order by at, hash) as n from feature_view) numbered where of = hash;
      alter table feature_view alter column version set not null, add unique (name, version);`,
  },
];

/** The tables that a view's SQL reads, by the name it gives them: the version that was read, and the columns that were cleared. */
export type ViewSources = Record<string, { version: string; columns: string[] }>;

/** What a view was compiled to: the matrix it is trained on and the one it is scored on, and what both read. */
export type CompiledViewRow = { sql: string; sqlHash: string; scoringSql: string; sources: ViewSources };

/** Pipeline's views with their SQL, and what was materialized from them. */
export type PipelineStore = Awaited<ReturnType<typeof openPipelineStore>>;

/** Opens pipeline's store and brings its schema up to date. */
export async function openPipelineStore(pool: pg.Pool) {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "pipeline", migrations);
  return {
    /**
     * Keeps a view with what was compiled from it, as the next version of its name; of an equal one registered before, the SQL
     * and sources of now under the version it has.
     */
    saveView: async (
      trx: Trx<Tables>,
      { view, compiled, at }: { view: FeatureView; compiled: CompiledViewRow; at: Date },
    ): Promise<void> => {
      const { sql, sqlHash, scoringSql, sources } = compiled;
      // Two that register a view of one name get versions one after the other.
      await inTurn(trx, `view:${view.name}`);
      const newest = await trx
        .selectFrom("feature_view")
        .select((of) => of.fn.max("version").as("version"))
        .where("name", "=", view.name)
        .executeTakeFirst();
      const now = { sql, sql_hash: sqlHash, scoring_sql: scoringSql, sources: JSON.stringify(sources) };
      await trx
        .insertInto("feature_view")
        .values({
          hash: view.hash,
          name: view.name,
          view: JSON.stringify(view),
          ...now,
          at: at.toISOString(),
          version: (newest?.version ?? 0) + 1,
        })
        .onConflict((conflict) => conflict.column("hash").doUpdateSet(now))
        .execute();
    },
    /** Every version of the view that a hash or a name means, oldest first. `not_found` without one. */
    versions: async (ref: string): Promise<{ version: number; view: FeatureView; at: string }[]> => {
      const rows = await db
        .selectFrom("feature_view")
        .select(["version", "view", "at"])
        .where("name", "in", (of) =>
          of
            .selectFrom("feature_view")
            .select("name")
            .where((where) => where.or([where("hash", "=", ref), where("name", "=", ref)])),
        )
        .orderBy("version")
        .execute();
      if (rows.length === 0)
        throw fault("not_found", `no feature view ${ref} is registered; see pipeline.get_pipeline_runs`);
      return rows.map(({ version, view, at }) => ({
        ...{ version, view: view as unknown as FeatureView },
        at: new Date(at).toISOString(),
      }));
    },
    /** The newest view of a hash or a name. `not_found` without one. */
    view: async (ref: string) => {
      const row = await db
        .selectFrom("feature_view")
        .selectAll()
        .where((where) => where.or([where("hash", "=", ref), where("name", "=", ref)]))
        .orderBy("at", "desc")
        .executeTakeFirst();
      if (!row) throw fault("not_found", `no feature view ${ref} is registered; see pipeline.get_pipeline_runs`);
      return {
        hash: row.hash,
        name: row.name,
        view: row.view as unknown as FeatureView,
        sql: row.sql,
        scoringSql: row.scoring_sql,
        sources: row.sources as unknown as ViewSources | null,
      };
    },
    saveMaterialization: async (trx: Trx<Tables>, row: Tables["materialization"]): Promise<void> => {
      await trx.insertInto("materialization").values(row).execute();
    },
  };
}
