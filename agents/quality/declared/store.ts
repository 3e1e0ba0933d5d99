import { canonical } from "@muster/shared/canonical.ts";
import type { Database, Migration, Trx } from "@muster/shared/database/open.ts";
import { readingOn } from "@muster/shared/database/reading.ts";
import type { Expectation } from "@muster/shared/domain/expectation.ts";
import type { Declaration, Declared } from "./declaration.ts";

/** What projects declare of datasets, and how far the outbox was read for it. */
export type DeclaredTables = {
  declared: { dataset: string; by: string; version: number; expectations: string; at: string };
  cursor: { name: string; xid: string; seq: number };
};

/** The step that makes their tables. */
export const declaredMigration: Migration = {
  name: "declared",
  sql: `
    create table declared (dataset text not null, by text not null, version integer not null, expectations jsonb not null, at timestamptz not null,
      primary key (dataset, by));
    create table cursor (name text primary key, xid text not null, seq bigint not null);
    insert into cursor values ('outbox', '0', 0);`,
};

/** What projects declare of datasets. */
export function declaredStore(db: Database<DeclaredTables>) {
  const of = async (
    dataset: string,
    from: Database<DeclaredTables> | Trx<DeclaredTables> = db,
  ): Promise<Declared[]> => {
    const rows = await from.selectFrom("declared").selectAll().where("dataset", "=", dataset).orderBy("by").execute();
    return rows.map(({ by, version, expectations, at }) => ({
      ...{ by, version, at: new Date(at).toISOString() },
      expectations: expectations as unknown as Expectation[],
    }));
  };
  return {
    of,
    /** Keeps what a project declares in the place of what it declared before; false where that is the same. */
    put: async (trx: Trx<DeclaredTables>, { dataset, by, expectations }: Declaration, at: string): Promise<boolean> => {
      const before = (await of(dataset, trx)).find((one) => one.by === by);
      if (canonical(before?.expectations ?? []) === canonical(expectations)) return false;
      const now = { version: (before?.version ?? 0) + 1, expectations: JSON.stringify(expectations), at };
      await trx
        .insertInto("declared")
        .values({ dataset, by, ...now })
        .onConflict((conflict) => conflict.columns(["dataset", "by"]).doUpdateSet(now))
        .execute();
      return true;
    },
    reading: readingOn(db, "cursor"),
  };
}
