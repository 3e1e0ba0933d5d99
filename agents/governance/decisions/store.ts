import type { Database, Trx } from "@muster/shared/database/open.ts";
import type { Decision } from "@muster/shared/domain/policy.ts";
import type { Tables } from "../store.ts";

/** A decision of the policies as it is kept. */
export type DecisionRow = Decision & { id: string; request: string | null; action: string; at: string };

/** What the policies decided, a row each, for whoever asks why. */
export function decisionStore(db: Database<Tables>) {
  const insert = async (on: Database<Tables> | Trx<Tables>, row: DecisionRow): Promise<void> => {
    await on
      .insertInto("decision")
      .values({ ...row, facts: JSON.stringify(row.facts), obligations: JSON.stringify(row.obligations) })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  };
  return {
    insert,
    /** Records a refusal by itself: the fault that follows rolls the call's own transaction back. */
    refuse: (row: DecisionRow): Promise<void> => insert(db, row),
    of: async (request: string): Promise<DecisionRow[]> =>
      (await db
        .selectFrom("decision")
        .selectAll()
        .where("request", "=", request)
        .orderBy("at")
        .orderBy("id")
        .execute()) as DecisionRow[],
  };
}
