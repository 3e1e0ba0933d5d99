import { type Database, type Migration, migrateOwn, openDatabase, type Trx } from "@muster/shared/database/open.ts";
import { sql } from "kysely";
import type pg from "pg";
import type { Split } from "../serving/split.ts";
import type { TestPlan } from "./plan.ts";

type Tables = {
  rollout: {
    id: string;
    name: string;
    live: string;
    beside: string;
    split: string;
    plan: string;
    request: string | null;
    person: string | null;
    at: string;
    ended_at: string | null;
    ended_because: string | null;
  };
};

const migrations: Migration[] = [
  {
    name: "rollouts",
    sql: `
      create table rollout (
        id text primary key, name text not null, live jsonb not null, beside jsonb not null, split jsonb not null,
        plan jsonb not null, request text, person text, at timestamptz not null, ended_at timestamptz, ended_because text);
      create unique index rollout_one_a_name on rollout (name) where ended_at is null;
      create index rollout_newest on rollout (name, at desc);`,
  },
];

/** A version that takes part: its bytes and the artifact with what is served. */
export type Participant = { version: number; hash: string; package: string };

/**
 * A test of versions beside the live one of a name: how traffic is split from `at` to `endedAt` (null: still), what is
 * compared and by which rules. One at a time a name.
 */
export type Rollout = {
  id: string;
  name: string;
  live: Participant;
  beside: Participant[];
  split: Split;
  plan: TestPlan;
  request: string | null;
  person: string | null;
  at: string;
  endedAt: string | null;
  endedBecause: string | null;
};

/** The tests of versions against the live ones. */
export type RolloutStore = ReturnType<typeof rolloutStore>;

/** Opens the tests and brings their part of schema `ml` up to date. */
export async function openRolloutStore(pool: pg.Pool): Promise<RolloutStore> {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "ml", migrations);
  return rolloutStore(db);
}

function rolloutStore(db: Database<Tables>) {
  const columns = [
    ...(["id", "name", "live", "beside", "split", "plan", "request", "person", "at"] as const),
    ...(["ended_at as endedAt", "ended_because as endedBecause"] as const),
  ] as const;
  return {
    /** Those that run, by name. */
    running: async (): Promise<Rollout[]> =>
      (await db
        .selectFrom("rollout")
        .select(columns)
        .where("ended_at", "is", null)
        .orderBy("name")
        .execute()) as unknown as Rollout[],
    /** The newest of a name, running or over; null without one. */
    newest: async (name: string): Promise<Rollout | null> =>
      ((await db
        .selectFrom("rollout")
        .select(columns)
        .where("name", "=", name)
        .orderBy("at", "desc")
        .orderBy("id")
        .limit(1)
        .executeTakeFirst()) as unknown as Rollout | undefined) ?? null,
    /** Begins one, inside the given transaction, under the lock of the name's deployments. */
    begin: async (trx: Trx<Tables>, rollout: Omit<Rollout, "endedAt" | "endedBecause">): Promise<void> => {
      await sql`select pg_advisory_xact_lock(hashtext(${`muster:deployment:${rollout.name}`}))`.execute(trx);
      const { live, beside, split, plan, ...rest } = rollout;
      const json = {
        ...{ live: JSON.stringify(live), beside: JSON.stringify(beside) },
        ...{ split: JSON.stringify(split), plan: JSON.stringify(plan) },
      };
      await trx
        .insertInto("rollout")
        .values({ ...rest, ...json, ended_at: null, ended_because: null })
        .execute();
    },
    /** Ends the one that runs under a name, inside the given transaction; gives its id, null where none ran. */
    end: async (trx: Trx<Tables>, name: string, at: string, because: string): Promise<string | null> =>
      (
        await trx
          .updateTable("rollout")
          .set({ ended_at: at, ended_because: because })
          .where("name", "=", name)
          .where("ended_at", "is", null)
          .returning("id")
          .executeTakeFirst()
      )?.id ?? null,
  };
}
