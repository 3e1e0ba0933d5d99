import type { Database } from "@muster/shared/database/open.ts";
import type { Tables } from "../store.ts";
import type { PolicyFiles } from "./load-policies.ts";
import type { PolicyFile, PolicySet } from "./policy-set.ts";

/** Every policy set that was ever in force, by its hash: what a decision's facts name. */
export function policyStore(db: Database<Tables>) {
  return {
    /** Notes that a set is in force from now on. */
    keep: async ({ hash }: PolicySet, files: PolicyFiles, at: string): Promise<void> => {
      const row = { hash, files: JSON.stringify(files), at };
      await db
        .insertInto("policy_set")
        .values(row)
        .onConflict((conflict) => conflict.column("hash").doUpdateSet({ at }))
        .execute();
    },
    /** The team's files of the set that came into force last; null where there never was one. */
    last: async (): Promise<PolicyFile[] | null> => {
      const row = await db.selectFrom("policy_set").select("files").orderBy("at", "desc").limit(1).executeTakeFirst();
      return row?.files.theirs ?? null;
    },
    /** A set's files by its hash; null where it never was in force. */
    byHash: async (hash: string): Promise<PolicyFiles | null> =>
      (await db.selectFrom("policy_set").select("files").where("hash", "=", hash).executeTakeFirst())?.files ?? null,
  };
}
