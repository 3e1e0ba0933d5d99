import { type Migration, migrateOwn, openDatabase } from "@muster/shared/database/open.ts";
import type pg from "pg";

type Tables = {
  session: { hash: string; person: string; expires: string };
  link: { hash: string; person: string; expires: string };
};

const migrations: Migration[] = [
  {
    name: "sessions",
    sql: `
      create table session (hash text primary key, person text not null, expires timestamptz not null);
      create table link (hash text primary key, person text not null, expires timestamptz not null);`,
  },
];

/** Sessions of the page and single-use sign-in links; only hashes are kept. */
export type SessionStore = Awaited<ReturnType<typeof openSessionStore>>;

/** Opens the gateway's store and brings its schema up to date. */
export async function openSessionStore(pool: pg.Pool) {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "gateway", migrations);
  return {
    addLink: async (hash: string, person: string, expires: Date): Promise<void> => {
      await db.insertInto("link").values({ hash, person, expires: expires.toISOString() }).execute();
    },
    /** Uses a link up: its person, or null where it is unknown, used or too old. */
    useLink: async (hash: string, now: Date): Promise<string | null> => {
      const row = await db
        .deleteFrom("link")
        .where("hash", "=", hash)
        .returning(["person", "expires"])
        .executeTakeFirst();
      return row && new Date(row.expires) > now ? row.person : null;
    },
    addSession: async (hash: string, person: string, expires: Date): Promise<void> => {
      await db.insertInto("session").values({ hash, person, expires: expires.toISOString() }).execute();
    },
    session: async (hash: string, now: Date): Promise<string | null> => {
      const row = await db
        .selectFrom("session")
        .select(["person", "expires"])
        .where("hash", "=", hash)
        .executeTakeFirst();
      return row && new Date(row.expires) > now ? row.person : null;
    },
    endSession: async (hash: string): Promise<void> => {
      await db.deleteFrom("session").where("hash", "=", hash).execute();
    },
  };
}
