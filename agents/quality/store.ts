import { type Migration, migrateOwn, openDatabase, type Trx } from "@muster/shared/database/open.ts";
import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import type { Expectation } from "@muster/shared/domain/expectation.ts";
import type { Profile } from "@muster/shared/domain/profile.ts";
import type pg from "pg";

type Tables = {
  profile: { pin: string; dataset: string; profile: string; at: string };
  expectation: { dataset: string; since: string; expectations: string; at: string };
  validation: { pin: string; at: string; report: string };
};

const migrations: Migration[] = [
  {
    name: "quality",
    sql: `
      create table profile (pin text primary key, dataset text not null, profile jsonb not null, at timestamptz not null);
      create table expectation (dataset text not null, since text not null, expectations jsonb not null, at timestamptz not null, primary key (dataset, since));
      create table validation (pin text not null, at timestamptz not null, report jsonb not null, primary key (pin, at));`,
  },
];

/** Quality's tables: profiles by version, the expectations suggested from each version, and what checks came to. */
export type QualityStore = Awaited<ReturnType<typeof openQualityStore>>;

/** Opens quality's store and brings its schema up to date. */
export async function openQualityStore(pool: pg.Pool) {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "quality", migrations);
  return {
    profile: async (pin: DatasetPin): Promise<Profile | null> => {
      const row = await db.selectFrom("profile").select("profile").where("pin", "=", pin).executeTakeFirst();
      return row ? (row.profile as unknown as Profile) : null;
    },
    saveProfile: async (trx: Trx<Tables>, pin: DatasetPin, profile: Profile, at: Date): Promise<void> => {
      await trx
        .insertInto("profile")
        .values({ pin, dataset: profile.dataset, profile: JSON.stringify(profile), at: at.toISOString() })
        .onConflict((conflict) => conflict.column("pin").doNothing())
        .execute();
    },
    /** The newest expectations that were suggested from another version of the dataset: those that bind on this one. */
    binding: async (dataset: string, pin: DatasetPin): Promise<Expectation[]> => {
      const row = await db
        .selectFrom("expectation")
        .select("expectations")
        .where("dataset", "=", dataset)
        .where("since", "!=", pin)
        .orderBy("at", "desc")
        .executeTakeFirst();
      return row ? (row.expectations as unknown as Expectation[]) : [];
    },
    saveSuggested: async (
      trx: Trx<Tables>,
      dataset: string,
      since: DatasetPin,
      expectations: readonly Expectation[],
      at: Date,
    ): Promise<void> => {
      await trx
        .insertInto("expectation")
        .values({ dataset, since, expectations: JSON.stringify(expectations), at: at.toISOString() })
        .onConflict((conflict) => conflict.columns(["dataset", "since"]).doNothing())
        .execute();
    },
    saveValidation: async (trx: Trx<Tables>, pin: DatasetPin, report: object, at: Date): Promise<void> => {
      await trx
        .insertInto("validation")
        .values({ pin, at: at.toISOString(), report: JSON.stringify(report) })
        .execute();
    },
  };
}
