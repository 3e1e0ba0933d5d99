import { type Migration, migrateOwn, openDatabase, type Trx } from "@muster/shared/database/open.ts";
import type { FeatureView } from "@muster/shared/domain/feature.ts";
import type { Goal } from "@muster/shared/domain/request.ts";
import type pg from "pg";

type Tables = {
  feature_view: { hash: string; name: string; view: string; sql: string; sql_hash: string; at: string };
  materialization: { pin: string; view: string; role: string; rows: number; request: string | null; at: string };
  schedule: {
    id: string;
    deployment: string;
    person: string;
    purpose: string;
    budget_usd: number | null;
    cron: string;
    time_zone: string;
    text: string;
    goals: string;
    arguments: string;
    paused: boolean;
    at: string;
  };
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
];

/** A schedule: what is asked for, when, and for whom. */
export type Schedule = {
  id: string;
  deployment: string;
  person: string;
  purpose: string;
  budgetUsd: number | null;
  cron: string;
  timeZone: string;
  text: string;
  goals: Goal[];
  arguments: Record<string, unknown>;
  paused: boolean;
};

/** Pipeline's tables: registered views with their SQL, what was materialized, and schedules. */
export type PipelineStore = Awaited<ReturnType<typeof openPipelineStore>>;

/** Opens pipeline's store and brings its schema up to date. */
export async function openPipelineStore(pool: pg.Pool) {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "pipeline", migrations);
  const asSchedule = (row: Tables["schedule"]): Schedule => ({
    id: row.id,
    deployment: row.deployment,
    person: row.person,
    purpose: row.purpose,
    budgetUsd: row.budget_usd,
    cron: row.cron,
    timeZone: row.time_zone,
    text: row.text,
    goals: row.goals as unknown as Goal[],
    arguments: row.arguments as unknown as Record<string, unknown>,
    paused: row.paused,
  });
  return {
    saveView: async (trx: Trx<Tables>, view: FeatureView, sql: string, sqlHash: string, at: Date): Promise<void> => {
      await trx
        .insertInto("feature_view")
        .values({
          hash: view.hash,
          name: view.name,
          view: JSON.stringify(view),
          sql,
          sql_hash: sqlHash,
          at: at.toISOString(),
        })
        .onConflict((conflict) => conflict.column("hash").doNothing())
        .execute();
    },
    saveMaterialization: async (trx: Trx<Tables>, row: Tables["materialization"]): Promise<void> => {
      await trx.insertInto("materialization").values(row).execute();
    },
    /** Sets the schedule of a deployment; the newest asker's stands. */
    saveSchedule: async (trx: Trx<Tables>, schedule: Schedule, at: Date): Promise<void> => {
      const { budgetUsd, timeZone, goals, arguments: args, ...rest } = schedule;
      const row = {
        ...rest,
        budget_usd: budgetUsd,
        time_zone: timeZone,
        goals: JSON.stringify(goals),
        arguments: JSON.stringify(args),
        at: at.toISOString(),
      };
      const { id: _id, ...changed } = row;
      await trx
        .insertInto("schedule")
        .values(row)
        .onConflict((conflict) => conflict.column("deployment").doUpdateSet(changed))
        .execute();
    },
    pause: async (trx: Trx<Tables>, id: string, paused: boolean): Promise<void> => {
      await trx.updateTable("schedule").set({ paused }).where("id", "=", id).execute();
    },
    schedule: async (id: string): Promise<Schedule | null> => {
      const row = await db.selectFrom("schedule").selectAll().where("id", "=", id).executeTakeFirst();
      return row ? asSchedule(row) : null;
    },
    schedules: async (): Promise<Schedule[]> =>
      (await db.selectFrom("schedule").selectAll().orderBy("at").execute()).map(asSchedule),
  };
}
