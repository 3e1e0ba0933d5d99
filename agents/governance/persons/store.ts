import type { Database, Trx } from "@muster/shared/database/open.ts";
import type { RoleName } from "@muster/shared/domain/policy.ts";
import { sql } from "kysely";
import type { Tables } from "../store.ts";

/** A person with the roles they have now. */
export type Person = { person: string; roles: RoleName[] };

/** Persons and their roles. Only the SHA-256 of a token is kept. */
export function personStore(db: Database<Tables>) {
  const lock = (trx: Trx<Tables>) => sql`select pg_advisory_xact_lock(hashtext('muster:persons'))`.execute(trx);
  return {
    byToken: async (tokenHash: string): Promise<Person | null> =>
      (await db
        .selectFrom("person")
        .select(["id as person", "roles"])
        .where("token_hash", "=", tokenHash)
        .executeTakeFirst()) ?? null,
    byId: async (person: string): Promise<Person | null> =>
      (await db.selectFrom("person").select(["id as person", "roles"]).where("id", "=", person).executeTakeFirst()) ??
      null,
    /** Adds a person; false where the id or the token is already somebody's. */
    add: async (
      trx: Trx<Tables>,
      { person, roles, tokenHash, at }: Person & { tokenHash: string; at: string },
    ): Promise<boolean> => {
      const added = await trx
        .insertInto("person")
        .values({ id: person, roles, token_hash: tokenHash, at })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return added.numInsertedOrUpdatedRows === 1n;
    },
    /** Sets somebody's roles: `unknown` without such a person, `last_admin` where nobody would be left to give roles. */
    setRoles: async (trx: Trx<Tables>, { person, roles }: Person): Promise<"set" | "unknown" | "last_admin"> => {
      // Two administrators who demote each other at once would leave none.
      await lock(trx);
      const all = await trx.selectFrom("person").select(["id", "roles"]).execute();
      if (!all.some(({ id }) => id === person)) return "unknown";
      const admins = all.filter(({ id, roles: held }) => (id === person ? roles : held).includes("admin"));
      if (admins.length === 0) return "last_admin";
      await trx.updateTable("person").set({ roles }).where("id", "=", person).execute();
      return "set";
    },
    /** Adds the first person where there is none; `prepare` runs before, inside the same lock. */
    addFirst: async (
      first: Person & { tokenHash: string; at: string },
      prepare: () => Promise<void>,
    ): Promise<boolean> =>
      db.transaction().execute(async (trx) => {
        await lock(trx);
        if (await trx.selectFrom("person").select("id").limit(1).executeTakeFirst()) return false;
        await prepare();
        const { person, roles, tokenHash, at } = first;
        await trx.insertInto("person").values({ id: person, roles, token_hash: tokenHash, at }).execute();
        return true;
      }),
  };
}
