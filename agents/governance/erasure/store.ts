import type { StoredReceipt } from "@muster/bus/store.ts";
import type { Database, Migration, Trx } from "@muster/shared/database/open.ts";
import { type ColumnType, sql } from "kysely";
import type { Tables } from "../store.ts";
import type { TrainedModel } from "./models-trained.ts";
import type { WarehousePlace } from "./places.ts";
import type { NotSearched } from "./warehouses.ts";

type Json<T> = ColumnType<T, string, string>;

/** How far an erasure has come: written down, then the files gone, then told in evidence and audit. */
export type ErasureState = "planned" | "gone" | "done";

/** What is destroyed: a version, and the one that stands in its place (null: none does). */
export type Destroyed = { pin: string; successor: string | null; rows: number | null; texts: number };

/** What stays in warehouses, where nobody here writes, and what of them wasn't looked at. */
export type Elsewhere = { warehouse: WarehousePlace[]; notSearched: NotSearched[] };

/** One person's erasure. `subject` is their keyed hash; nothing here tells who it was. */
export type ErasureTable = {
  id: string;
  subject: string;
  dataset: string;
  column: string;
  blank: string[];
  request: string | null;
  person: string | null;
  state: ErasureState;
  destroyed: Json<Destroyed[]>;
  models: Json<TrainedModel[]>;
  elsewhere: Json<Elsewhere>;
  at: string;
  ended_at: string | null;
};

/** The table of erasures. */
export const erasureMigration: Migration = {
  name: "erasure",
  sql: `
    create table erasure (
      id text primary key, subject text not null, dataset text not null, "column" text not null, blank text[] not null,
      request text, person text, state text not null check (state in ('planned', 'gone', 'done')),
      destroyed jsonb not null, models jsonb not null, at timestamptz not null, ended_at timestamptz);
    create index erasure_subject on erasure (subject);
    create index erasure_open on erasure (at) where state <> 'done';`,
};

/** What an erasure leaves in warehouses. */
export const elsewhereMigration: Migration = {
  name: "erasure_elsewhere",
  sql: `alter table erasure add column elsewhere jsonb not null default '{"warehouse": [], "notSearched": []}'`,
};

/** One erasure as it stands. */
export type Erasure = {
  [K in keyof ErasureTable]: K extends "destroyed"
    ? Destroyed[]
    : K extends "models"
      ? TrainedModel[]
      : K extends "elsewhere"
        ? Elsewhere
        : ErasureTable[K];
};

/** Erasures: what was begun, how far it has come, what it destroyed. */
export function erasureStore(db: Database<Tables>) {
  const all = () => db.selectFrom("erasure").selectAll();
  return {
    /** Notes at once that an erasure begins; one that was begun under this id stays as it is. */
    begin: async (row: Erasure): Promise<Erasure> => {
      await db
        .insertInto("erasure")
        .values({
          ...row,
          destroyed: JSON.stringify(row.destroyed),
          models: JSON.stringify(row.models),
          elsewhere: JSON.stringify(row.elsewhere),
        })
        .onConflict((conflict) => conflict.column("id").doNothing())
        .execute();
      return (await all().where("id", "=", row.id).executeTakeFirstOrThrow()) as Erasure;
    },
    /** Notes at once what is about to be destroyed, before anything is. */
    plan: async (id: string, destroyed: readonly Destroyed[], models: readonly TrainedModel[]): Promise<void> => {
      await db
        .updateTable("erasure")
        .set({ destroyed: JSON.stringify(destroyed), models: JSON.stringify(models) })
        .where("id", "=", id)
        .where("state", "=", "planned")
        .execute();
    },
    gone: async (id: string, elsewhere: Elsewhere): Promise<void> => {
      await db
        .updateTable("erasure")
        .set({ state: "gone", elsewhere: JSON.stringify(elsewhere) })
        .where("id", "=", id)
        .where("state", "=", "planned")
        .execute();
    },
    /** Ends it, inside the transaction that revokes and audits; false where somebody else ended it. */
    end: async (trx: Trx<Tables>, id: string, at: string): Promise<boolean> => {
      const ended = await trx
        .updateTable("erasure")
        .set({ state: "done", ended_at: at })
        .where("id", "=", id)
        .where("state", "=", "gone")
        .executeTakeFirst();
      return Number(ended.numUpdatedRows) === 1;
    },
    get: async (id: string): Promise<Erasure | null> =>
      ((await all().where("id", "=", id).executeTakeFirst()) as Erasure | undefined) ?? null,
    /** Those that haven't come to their end, oldest first. */
    open: async (before: string): Promise<Erasure[]> =>
      (await all().where("state", "!=", "done").where("at", "<", before).orderBy("at").execute()) as Erasure[],
    /** Those of a person, newest first. */
    of: async (subject: string): Promise<Erasure[]> =>
      (await all().where("subject", "=", subject).orderBy("at", "desc").execute()) as Erasure[],
    /** Every receipt of a fact that was ever given, taken back or not. */
    everGiven: async (fact: string): Promise<StoredReceipt[]> =>
      (
        await sql<StoredReceipt>`select id, document, signature from evidence.receipt where fact = ${fact} order by seq`.execute(
          db,
        )
      ).rows,
    /**
     * The receipts that depended on destroyed versions: those about one, or whose value is one. What was trained and went
     * live stays told (models are listed instead); nothing can be built on it any more, since what it was derived from is revoked.
     */
    receiptsOn: async (trx: Trx<Tables>, pins: readonly string[]): Promise<string[]> =>
      (
        await sql<{ id: string }>`
          select id from evidence.receipt r
          where fact not in ('run.finished', 'model.evaluated', 'model.explained', 'model.registered', 'deployment.cleared', 'deployment.live', 'monitoring.started')
            and (exists (select 1 from jsonb_each(about) a where a.value <@ ${JSON.stringify(pins)}::jsonb and jsonb_typeof(a.value) = 'string'
                   or jsonb_typeof(a.value) = 'array' and exists (select 1 from jsonb_array_elements(a.value) e where e <@ ${JSON.stringify(pins)}::jsonb))
              or value->>'dataset' = any(${pins}::text[]) or value->>'pin' = any(${pins}::text[]))
            and not exists (select 1 from evidence.revocation v where v.receipt = r.id)
          order by seq`.execute(trx)
      ).rows.map(({ id }) => id),
  };
}
