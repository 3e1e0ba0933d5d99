import type { Database, Trx } from "@muster/shared/database/open.ts";
import type { Budget } from "@muster/shared/domain/budget.ts";
import { sql } from "kysely";
import type { Tables } from "../store.ts";

type Runner = Database<Tables> | Trx<Tables>;

/** Budgets that people set, and who is in which team. */
export function budgetStore(db: Database<Tables>) {
  return {
    /** Every budget but those of single requests, which stand in their acceptance. */
    all: async (on: Runner = db): Promise<Budget[]> =>
      on
        .selectFrom("budget")
        .select(["id", "scope", "subject", "period", "limit_usd as limitUsd"])
        .orderBy("id")
        .execute(),
    teamOf: async (person: string, on: Runner = db): Promise<string | null> =>
      (await on.selectFrom("team_member").select("team").where("person", "=", person).executeTakeFirst())?.team ?? null,
    /** Sets a limit, in place of one for the same scope, subject and period; null takes it away. */
    set: async (
      trx: Trx<Tables>,
      { limitUsd, by, at, ...budget }: Omit<Budget, "limitUsd"> & { limitUsd: number | null; by: string; at: string },
    ): Promise<void> => {
      const { scope, subject, period } = budget;
      await sql`delete from budget where scope = ${scope} and period = ${period} and coalesce(subject, '') = ${subject ?? ""}`.execute(
        trx,
      );
      if (limitUsd !== null)
        await trx
          .insertInto("budget")
          .values({ ...budget, limit_usd: limitUsd, by, at })
          .execute();
    },
    /** Makes these persons, and nobody else, the members of a team. Somebody is in one team. */
    setTeam: async (trx: Trx<Tables>, team: string, members: readonly string[]): Promise<void> => {
      await trx.deleteFrom("team_member").where("team", "=", team).execute();
      if (members.length === 0) return;
      await trx
        .insertInto("team_member")
        .values(members.map((person) => ({ person, team })))
        .onConflict((conflict) => conflict.column("person").doUpdateSet({ team }))
        .execute();
    },
  };
}
