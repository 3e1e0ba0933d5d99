import type { Database, Trx } from "@muster/shared/database/open.ts";
import type { Selectable } from "kysely";
import type { Tables } from "../store.ts";

/** What waits, or waited, for a person's yes. */
export type Approval = Selectable<Tables["approval"]>;

/** Approvals. A decision is made once: whoever is second changes nothing. */
export function approvalStore(db: Database<Tables>) {
  return {
    insert: async (trx: Trx<Tables>, approval: Approval): Promise<void> => {
      await trx.insertInto("approval").values(approval).execute();
    },
    get: async (id: string): Promise<Approval | null> =>
      (await db.selectFrom("approval").selectAll().where("id", "=", id).executeTakeFirst()) ?? null,
    /** Everything that waited, or waits, for a person in a request, oldest first. */
    of: async (request: string): Promise<Approval[]> =>
      db.selectFrom("approval").selectAll().where("request", "=", request).orderBy("at").orderBy("id").execute(),
    /** Decides one that waits and hasn't expired; false where it is no longer to be decided. */
    decide: async (
      trx: Trx<Tables>,
      decision: { id: string; state: "approved" | "rejected"; by: string; comment: string | null; at: string },
    ): Promise<boolean> => {
      const changed = await trx
        .updateTable("approval")
        .set({
          state: decision.state,
          decided_by: decision.by,
          decided_at: decision.at,
          comment: decision.comment,
        })
        .where("id", "=", decision.id)
        .where("state", "=", "waiting")
        .where("expires_at", ">", decision.at)
        .executeTakeFirst();
      return changed.numUpdatedRows === 1n;
    },
    /** Ends those whose time is over, `record`s each in the same transaction, and gives them. */
    expire: async (at: string, record: (trx: Trx<Tables>, approval: Approval) => Promise<void>): Promise<Approval[]> =>
      db.transaction().execute(async (trx) => {
        const expired = await trx
          .updateTable("approval")
          .set({ state: "expired", decided_at: at })
          .where("state", "=", "waiting")
          .where("expires_at", "<=", at)
          .returningAll()
          .execute();
        for (const approval of expired) await record(trx, approval);
        return expired;
      }),
  };
}
