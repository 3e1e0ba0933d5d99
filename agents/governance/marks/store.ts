import type { Database, Trx } from "@muster/shared/database/open.ts";
import { type Selectable, sql } from "kysely";
import type { Tables } from "../store.ts";

/** What a person said of a column: kinds it holds, and kinds that were found but aren't there. */
export type Mark = Selectable<Tables["mark"]>;

/** People's marks on columns, by dataset name: they hold for every version. */
export function markStore(db: Database<Tables>) {
  const of = (on: Database<Tables> | Trx<Tables>, dataset: string): Promise<Mark[]> =>
    on.selectFrom("mark").selectAll().where("dataset", "=", dataset).orderBy("column").execute();
  return {
    of: (dataset: string): Promise<Mark[]> => of(db, dataset),
    /** The marks as they stand, locked until the transaction ends: no other one can come between reading and signing. */
    locked: async (trx: Trx<Tables>, dataset: string): Promise<Mark[]> => {
      await sql`select pg_advisory_xact_lock(hashtext(${`muster:mark:${dataset}`}))`.execute(trx);
      return of(trx, dataset);
    },
    set: async (trx: Trx<Tables>, mark: Mark): Promise<void> => {
      const { kinds, lifted, reason, person, at } = mark;
      await trx
        .insertInto("mark")
        .values(mark)
        .onConflict((conflict) =>
          conflict.columns(["dataset", "column"]).doUpdateSet({ kinds, lifted, reason, person, at }),
        )
        .execute();
    },
  };
}
