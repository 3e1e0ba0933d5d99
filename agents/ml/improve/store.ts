import { type Database, type Migration, migrateOwn, openDatabase, type Trx } from "@muster/shared/database/open.ts";
import { fault } from "@muster/shared/fault.ts";
import { sql } from "kysely";
import type pg from "pg";

type Tables = {
  improvement: {
    request: string;
    key: string;
    model: string;
    base: string;
    kept: boolean;
    look: number;
    lift: number | null;
    at: string;
  };
};

const migrations: Migration[] = [
  {
    name: "improvements",
    sql: `
      create table improvement (
        request text primary key, key text not null, model text not null, base text not null, kept boolean not null,
        look int not null, lift double precision, at timestamptz not null);`,
  },
];

/** What requests to improve a model came to on the sealed hold-out, one test each. */
export type ImprovementStore = Awaited<ReturnType<typeof openImprovementStore>>;

/** Opens the store and brings its table up to date. */
export async function openImprovementStore(pool: pg.Pool) {
  const db: Database<Tables> = openDatabase<Tables>(pool);
  await migrateOwn(db, "ml", migrations);
  return {
    /** Notes a request's confirmatory test, inside the given transaction. `conflict` where it had one already. */
    insertConfirmed: async (trx: Trx<Tables>, row: Tables["improvement"]): Promise<void> => {
      await sql`select pg_advisory_xact_lock(hashtext(${`muster:improvement:${row.request}`}))`.execute(trx);
      const taken = await trx
        .selectFrom("improvement")
        .select("model")
        .where("request", "=", row.request)
        .executeTakeFirst();
      if (taken) throw fault("conflict", "this request had its one test on the sealed hold-out; ask again for another");
      await trx.insertInto("improvement").values(row).execute();
    },
  };
}
