import type { Database, Migration, Trx } from "@muster/shared/database/open.ts";
import type { Tables } from "../store.ts";

/**
 * A rule of retention. `target`: a dataset's name, or `kind:features` for all of a kind. `source`: who set it, a person or
 * a policy's obligation; both hold, and the shorter time counts. Null keeps without that bound. `held`: a legal hold,
 * which nothing automatic and no erasure gets past.
 */
export type RetentionTable = {
  target: string;
  source: string;
  keep_versions: number | null;
  keep_days: number | null;
  held: boolean;
  reason: string;
  person: string | null;
  at: string;
};

/** The table of rules of retention. */
export const retentionMigration: Migration = {
  name: "retention",
  sql: `
    create table retention (
      target text not null, source text not null, keep_versions int check (keep_versions >= 1), keep_days int check (keep_days >= 0),
      held boolean not null, reason text not null, person text, at timestamptz not null, primary key (target, source));`,
};

/** Rules of retention: people's, and those that policies oblige to. */
export function retentionStore(db: Database<Tables>) {
  return {
    all: (): Promise<RetentionTable[]> =>
      db.selectFrom("retention").selectAll().orderBy("target").orderBy("source").execute(),
    /** Sets a rule; the newest of a source stands. */
    set: async (trx: Trx<Tables>, row: RetentionTable): Promise<void> => {
      const { target: _target, source: _source, ...rest } = row;
      await trx
        .insertInto("retention")
        .values(row)
        .onConflict((conflict) => conflict.columns(["target", "source"]).doUpdateSet(rest))
        .execute();
    },
    /**
     * What a policy obliges to: so many days, from now on. A shorter time than the one already owed takes its place, a
     * longer one never does.
     */
    oblige: async (trx: Trx<Tables>, { dataset, days, policy, at }: Obliged): Promise<void> => {
      await trx
        .insertInto("retention")
        .values({
          ...{ target: dataset, source: "policy", keep_versions: null, keep_days: days, held: false },
          ...{ reason: policy, person: null, at },
        })
        .onConflict((conflict) =>
          conflict
            .columns(["target", "source"])
            .doUpdateSet({ keep_days: days, reason: policy, at })
            .where("retention.keep_days", ">", days),
        )
        .execute();
    },
  };
}

/** A dataset that a policy lets be kept for so many days. */
export type Obliged = { dataset: string; days: number; policy: string; at: string };
