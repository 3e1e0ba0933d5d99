import { type Database, type Migration, migrateOwn, openDatabase, type Trx } from "@muster/shared/database/open.ts";
import { type Cursor, readingOn } from "@muster/shared/database/reading.ts";
import { sql } from "kysely";
import type pg from "pg";
import type { LoggedMetric } from "../experiments/run.ts";

type Tables = {
  mlflow_cursor: Cursor & { name: string };
  mlflow_run: { run: string; remote: string };
  mlflow_version: { name: string; version: number; remote: string };
  mlflow_refused: { seq: number; event: string; status: number; code: string; at: string };
  run_metric: LoggedMetric & { run: string; mirrored: boolean };
};

const migrations: Migration[] = [
  {
    name: "mlflow-mirror",
    sql: `
      create table mlflow_cursor (name text primary key, xid text not null, seq bigint not null);
      insert into mlflow_cursor values ('outbox', '0', 0);
      create table mlflow_run (run text primary key references run, remote text not null);
      create table mlflow_version (name text not null, version int not null, remote text not null, primary key (name, version));
      create table mlflow_refused (seq bigint primary key, event text not null, status int not null, code text not null, at timestamptz not null);
      alter table run_metric add column mirrored boolean not null default false;
      create index run_metric_to_mirror on run_metric (run) where not mirrored;`,
  },
];

/** How far the mirror has come, and what our runs and versions are called there. */
export type MirrorStore = ReturnType<typeof mirrorStore>;

/** Opens it over the tables that the registry and the tracking store make first. */
export async function openMirrorStore(pool: pg.Pool): Promise<MirrorStore> {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "ml", migrations);
  return mirrorStore(db);
}

function mirrorStore(db: Database<Tables>) {
  return {
    /** Reads on in the outbox: `work` gives where it has come to, one process at a time. */
    reading: readingOn(db, "mlflow_cursor"),
    remoteRun: async (run: string): Promise<string | null> =>
      (await db.selectFrom("mlflow_run").select("remote").where("run", "=", run).executeTakeFirst())?.remote ?? null,
    /** Notes at once what a run is called there: what was sent next to it stands on that. */
    nameRun: async (run: string, remote: string): Promise<void> => {
      await db
        .insertInto("mlflow_run")
        .values({ run, remote })
        .onConflict((conflict) => conflict.column("run").doUpdateSet({ remote }))
        .execute();
    },
    remoteVersion: async (name: string, version: number): Promise<string | null> =>
      (
        await db
          .selectFrom("mlflow_version")
          .select("remote")
          .where("name", "=", name)
          .where("version", "=", version)
          .executeTakeFirst()
      )?.remote ?? null,
    nameVersion: async (name: string, version: number, remote: string): Promise<void> => {
      await db
        .insertInto("mlflow_version")
        .values({ name, version, remote })
        .onConflict((conflict) => conflict.columns(["name", "version"]).doUpdateSet({ remote }))
        .execute();
    },
    /** Values of a run's metrics that weren't sent yet, in the order of steps. */
    unsent: async (run: string, limit: number): Promise<LoggedMetric[]> =>
      await db
        .selectFrom("run_metric")
        .select(["key", "step", "at", "value"])
        .where("run", "=", run)
        .where("mirrored", "=", false)
        .orderBy("key")
        .orderBy("step")
        .orderBy("at")
        .limit(limit)
        .execute(),
    sent: async (run: string, metrics: readonly LoggedMetric[]): Promise<void> => {
      await sql`
        update run_metric r set mirrored = true
        from jsonb_to_recordset(${JSON.stringify(metrics)}::jsonb) as m(key text, step bigint, at timestamptz)
        where r.run = ${run} and r.key = m.key and r.step = m.step and r.at = m.at`.execute(db);
    },
    /** Notes an event that the server won't take, so that those after it aren't held up. */
    refuse: async (trx: Trx<Tables>, row: Tables["mlflow_refused"]): Promise<void> => {
      await trx
        .insertInto("mlflow_refused")
        .values(row)
        .onConflict((conflict) => conflict.column("seq").doNothing())
        .execute();
    },
  };
}
