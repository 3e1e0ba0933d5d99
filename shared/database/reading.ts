import { sql } from "kysely";
import type { Database, Trx } from "./open.ts";

/** How far an outbox was read: the last event's place in commit order. */
export type Cursor = { xid: string; seq: number };

/**
 * Gives what reads on in the outbox by the row `outbox` of an agent's own cursor table: `work` gives where it has come to, in
 * the transaction that keeps it, one process at a time.
 */
export const readingOn =
  <T>(db: Database<T>, table: string) =>
  (work: (trx: Trx<T>, from: Cursor) => Promise<Cursor>): Promise<void> =>
    db.transaction().execute(async (trx) => {
      const cursor = sql.table(table);
      const held = await sql<Cursor>`select xid, seq from ${cursor} where name = 'outbox' for update`.execute(trx);
      const from = held.rows[0]!;
      const to = await work(trx, from);
      if (to.seq !== from.seq || to.xid !== from.xid)
        await sql`update ${cursor} set xid = ${to.xid}, seq = ${to.seq} where name = 'outbox'`.execute(trx);
    });
