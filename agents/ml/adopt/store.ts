import { type Database, type Migration, migrateOwn, openDatabase, type Trx } from "@muster/shared/database/open.ts";
import { OutsideModel } from "@muster/shared/domain/outside-model.ts";
import type pg from "pg";

type Tables = {
  outside_model: {
    id: string;
    file: string;
    model: string;
    request: string | null;
    person: string | null;
    at: string;
  };
};

const migrations: Migration[] = [
  {
    name: "outside-models",
    sql: `
      create table outside_model (
        id text primary key, file text not null, model jsonb not null, request text, person text, at timestamptz not null);`,
  },
];

/** Models that somebody made outside and offered: read, checked, kept, and not yet anybody's run. */
export type OutsideStore = ReturnType<typeof outsideStore>;

/** Opens them and brings their part of schema `ml` up to date. */
export async function openOutsideStore(pool: pg.Pool): Promise<OutsideStore> {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "ml", migrations);
  return outsideStore(db);
}

function outsideStore(db: Database<Tables>) {
  return {
    insert: async (
      trx: Trx<Tables>,
      { model, ...row }: Omit<Tables["outside_model"], "model" | "id"> & { model: OutsideModel },
    ): Promise<void> => {
      await trx
        .insertInto("outside_model")
        .values({ ...row, id: model.id, model: JSON.stringify(model) })
        .execute();
    },
    /** An offered model by its id; null where there is none. */
    get: async (id: string): Promise<OutsideModel | null> => {
      const row = await db.selectFrom("outside_model").select("model").where("id", "=", id).executeTakeFirst();
      return row ? OutsideModel.parse(row.model) : null;
    },
  };
}
