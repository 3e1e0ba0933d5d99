import { type Database, type Migration, migrateOwn, openDatabase, type Trx } from "@muster/shared/database/open.ts";
import type { Ask, RequestView } from "@muster/shared/domain/request.ts";
import type { RequestEnded } from "@muster/shared/domain/schedule.ts";
import { stepsTaken } from "@muster/shared/domain/step-taken.ts";
import type { Generated } from "kysely";
import type pg from "pg";

type Tables = {
  request: {
    id: string;
    person: string;
    purpose: string;
    autonomy: string;
    ask: string;
    view: string;
    status: string;
    deadline: string;
    seq: Generated<number>;
  };
  request_event: { seq: Generated<number>; request: string; event: string; data: string };
};

const migrations: Migration[] = [
  {
    name: "requests",
    sql: `
      create table request (
        id text primary key, person text not null, purpose text not null, autonomy text not null, ask jsonb not null,
        view jsonb not null, status text not null, deadline timestamptz not null, seq bigint generated always as identity);
      create index request_open on request (status) where status not in ('succeeded', 'failed', 'cancelled');
      create table request_event (seq bigint generated always as identity primary key, request text not null references request, event text not null, data jsonb not null);
      create index request_event_request on request_event (request, seq);`,
  },
];

/** A request as the planner keeps it. */
export type RequestRow = {
  id: string;
  person: string;
  purpose: string;
  autonomy: string;
  ask: Ask;
  view: RequestView;
  deadline: string;
};
/** One change of a request, in order: what SSE sends on. */
export type RequestEvent = { seq: number; event: string; data: unknown };

const terminal = ["succeeded", "failed", "cancelled"];

/** The planner's tables: requests and their events. A terminal request never changes again. */
export type PlannerStore = ReturnType<typeof plannerStore>;

/** Puts an event into the outbox within a transaction. */
type Emit = (trx: Trx<Tables>, event: string, payload: object) => Promise<void>;

/** Opens the planner's store and brings its schema up to date. Emits `planner.request_ended`, once each. */
export async function openPlannerStore(pool: pg.Pool, emit: Emit): Promise<PlannerStore> {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "planner", migrations);
  return plannerStore(db, emit);
}

function plannerStore(db: Database<Tables>, emit: Emit) {
  const columns = ["id", "person", "purpose", "autonomy", "ask", "view", "deadline"] as const;
  const asRow = (row: object): RequestRow => row as RequestRow;
  return {
    insert: async (trx: Trx<Tables>, row: RequestRow): Promise<void> => {
      await trx
        .insertInto("request")
        .values({ ...row, ask: JSON.stringify(row.ask), view: JSON.stringify(row.view), status: row.view.status })
        .execute();
      await trx
        .insertInto("request_event")
        .values({ request: row.id, event: "status", data: JSON.stringify({ status: row.view.status }) })
        .execute();
    },
    get: async (id: string): Promise<RequestRow | null> => {
      const row = await db.selectFrom("request").select(columns).where("id", "=", id).executeTakeFirst();
      return row ? asRow(row) : null;
    },
    list: async (limit: number): Promise<RequestRow[]> =>
      (await db.selectFrom("request").select(columns).orderBy("seq", "desc").limit(limit).execute()).map(asRow),
    open: async (): Promise<string[]> =>
      (await db.selectFrom("request").select("id").where("status", "not in", terminal).orderBy("seq").execute()).map(
        (row) => row.id,
      ),
    /** Changes a request and records the change; false where it had already ended. */
    save: async (id: string, view: RequestView, event: string, data: unknown): Promise<boolean> =>
      db.transaction().execute(async (trx) => {
        const changed = await trx
          .updateTable("request")
          .set({ view: JSON.stringify(view), status: view.status })
          .where("id", "=", id)
          .where("status", "not in", terminal)
          .executeTakeFirst();
        if (changed.numUpdatedRows === 0n) return false;
        await trx
          .insertInto("request_event")
          .values({ request: id, event, data: JSON.stringify(data) })
          .execute();
        if (terminal.includes(view.status))
          await emit(trx, "planner.request_ended", {
            request: id,
            status: view.status,
            by: view.by,
            code: view.error?.code ?? null,
            startedAt: view.startedAt,
            steps: stepsTaken(view.plan),
          } satisfies RequestEnded);
        return true;
      }),
    /** Sets the moment by which a request must have ended. */
    renew: async (id: string, deadline: Date): Promise<void> => {
      await db.updateTable("request").set({ deadline: deadline.toISOString() }).where("id", "=", id).execute();
    },
    events: async (id: string, after: number): Promise<RequestEvent[]> =>
      await db
        .selectFrom("request_event")
        .select(["seq", "event", "data"])
        .where("request", "=", id)
        .where("seq", ">", after)
        .orderBy("seq")
        .limit(500)
        .execute(),
  };
}
