import { type Database, openDatabase, type Trx } from "@muster/shared/database/open.ts";
import { type Cursor, readingOn } from "@muster/shared/database/reading.ts";
import type { Schedule } from "@muster/shared/domain/schedule.ts";
import type pg from "pg";
import type { ScheduleRun } from "./run.ts";

type ScheduleRow = Omit<Schedule, "budgetUsd" | "timeZone" | "goals" | "arguments" | "call" | "withinMinutes"> & {
  budget_usd: number | null;
  time_zone: string;
  goals: string;
  arguments: string;
  call: string | null;
  within_minutes: number | null;
};
type Tables = { schedule: ScheduleRow; schedule_run: ScheduleRun; cursor: Cursor & { name: string } };

function asRow({ budgetUsd, timeZone, withinMinutes, goals, call, ...rest }: Schedule): ScheduleRow {
  return {
    ...rest,
    budget_usd: budgetUsd,
    time_zone: timeZone,
    within_minutes: withinMinutes,
    goals: JSON.stringify(goals),
    arguments: JSON.stringify(rest.arguments),
    call: call && JSON.stringify(call),
  };
}

function asSchedule({
  budget_usd,
  time_zone,
  within_minutes,
  goals,
  arguments: args,
  call,
  ...rest
}: ScheduleRow): Schedule {
  return {
    ...rest,
    budgetUsd: budget_usd,
    timeZone: time_zone,
    withinMinutes: within_minutes,
    // jsonb comes back read.
    goals: goals as unknown as Schedule["goals"],
    arguments: args as unknown as Schedule["arguments"],
    call: call as unknown as Schedule["call"],
  };
}

/** Schedules, each time one was due, and how far pipeline has read in the outbox. */
export type ScheduleStore = ReturnType<typeof openScheduleStore>;

/** Opens the schedules over pipeline's own schema, which its store brings up to date. */
export function openScheduleStore(pool: pg.Pool) {
  const db = openDatabase<Tables>(pool);
  return {
    /** Sets a schedule; of one name the newest asker's stands. */
    save: async (trx: Trx<Tables>, schedule: Schedule): Promise<void> => {
      const row = asRow(schedule);
      const { id: _, ...changed } = row;
      await trx
        .insertInto("schedule")
        .values(row)
        .onConflict((conflict) => conflict.column("name").doUpdateSet(changed))
        .execute();
    },
    /** Pauses or lets go on; what was due in between isn't made up for. */
    pause: async (trx: Trx<Tables>, id: string, paused: boolean, at: Date): Promise<void> => {
      await trx.updateTable("schedule").set({ paused, at: at.toISOString() }).where("id", "=", id).execute();
    },
    /** Ends the schedules that watch a deployment and were set by then, with the times they were due; gives their ids. */
    endOf: async (trx: Trx<Tables>, deployment: string, by: string): Promise<string[]> => {
      const watching = trx.selectFrom("schedule").where("deployment", "=", deployment).where("at", "<=", by);
      const ids = (await watching.select("id").execute()).map(({ id }) => id);
      if (ids.length === 0) return [];
      await trx.deleteFrom("schedule_run").where("schedule", "in", ids).execute();
      await trx.deleteFrom("schedule").where("id", "in", ids).execute();
      return ids;
    },
    get: async (id: string): Promise<Schedule | null> => {
      const row = await db.selectFrom("schedule").selectAll().where("id", "=", id).executeTakeFirst();
      return row ? asSchedule(row) : null;
    },
    list: async (): Promise<Schedule[]> =>
      (await db.selectFrom("schedule").selectAll().orderBy("at").orderBy("id").execute()).map(asSchedule),

    /** Keeps what a time that was due came to; a time that is known already is only brought up to date. */
    saveRun: async (trx: Trx<Tables>, run: ScheduleRun): Promise<void> => {
      const { status, code, ended } = run;
      await trx
        .insertInto("schedule_run")
        .values(run)
        .onConflict((conflict) => conflict.column("request").doUpdateSet({ status, code, ended }))
        .execute();
    },
    runOf: async (trx: Trx<Tables>, request: string): Promise<ScheduleRun | null> =>
      (await trx.selectFrom("schedule_run").selectAll().where("request", "=", request).executeTakeFirst()) ?? null,
    /** The newest times of a schedule that were due. */
    runs: async (schedule: string, limit: number, trx: Database<Tables> = db): Promise<ScheduleRun[]> =>
      await trx
        .selectFrom("schedule_run")
        .selectAll()
        .where("schedule", "=", schedule)
        .orderBy("due", "desc")
        .limit(limit)
        .execute(),
    /** Times that pipeline itself made due and that have not ended: what Redis must hold. */
    open: async (): Promise<ScheduleRun[]> =>
      await db.selectFrom("schedule_run").selectAll().where("status", "=", "due").orderBy("due").execute(),

    /** Reads on in the outbox: `work` gives where it has come to, in the same transaction, one process at a time. */
    reading: readingOn(db, "cursor"),
  };
}
