import { type Migration, migrateOwn, openDatabase, type Trx } from "@muster/shared/database/open.ts";
import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import type { Expectation } from "@muster/shared/domain/expectation.ts";
import type { Profile } from "@muster/shared/domain/profile.ts";
import type { Check } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import type pg from "pg";
import { type DeclaredTables, declaredMigration, declaredStore } from "./declared/store.ts";

type Tables = DeclaredTables & {
  profile: { pin: string; dataset: string; profile: string; at: string };
  expectation: { dataset: string; since: string; expectations: string; at: string };
  validation: { pin: string; at: string; report: string };
  definition: {
    dataset: string;
    rule: string;
    version: number;
    expectation: string;
    active: boolean;
    person: string;
    at: string;
  };
  allowance: Allowance & { id?: number };
};

/** What a person said of a leaking column: that it was known in time for a question (`questionOf` a problem), or that it wasn't after all. */
export type Allowance = {
  question: string;
  column: string;
  allowed: boolean;
  reason: string;
  person: string;
  at: string;
};

/** What a check of a version came to, and why each of its expectations is there. */
export type Report = { passed: boolean; checks: Check[]; because?: Record<string, string> };

/** An expectation as a person defined it, by version; an inactive one takes what was suggested of its kind and columns away. */
export type Definition = {
  rule: string;
  version: number;
  expectation: Expectation;
  active: boolean;
  person: string;
  at: string;
};

const migrations: Migration[] = [
  {
    name: "quality",
    sql: `
      create table profile (pin text primary key, dataset text not null, profile jsonb not null, at timestamptz not null);
      create table expectation (dataset text not null, since text not null, expectations jsonb not null, at timestamptz not null, primary key (dataset, since));
      create table validation (pin text not null, at timestamptz not null, report jsonb not null, primary key (pin, at));`,
  },
  {
    name: "definitions",
    sql: `
      create table definition (dataset text not null, rule text not null, version integer not null, expectation jsonb not null, active boolean not null,
        person text not null, at timestamptz not null, primary key (dataset, rule, version));
      create index profile_of on profile (dataset, at);`,
  },
  {
    name: "allowances",
    sql: `
      create table allowance (id bigint generated always as identity primary key, question text not null, "column" text not null, allowed boolean not null,
        reason text not null, person text not null, at timestamptz not null);
      create index allowance_of on allowance (question);`,
  },
  declaredMigration,
];

/** Quality's tables: profiles by version, the expectations suggested from each version, defined or declared, and what checks came to. */
export type QualityStore = Awaited<ReturnType<typeof openQualityStore>>;

/** Opens quality's store and brings its schema up to date. */
export async function openQualityStore(pool: pg.Pool) {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "quality", migrations);
  return {
    declared: declaredStore(db),
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
    /** Profiles of a dataset, the newest first, with when they were made. */
    profiles: async (dataset: string, most: number): Promise<{ pin: DatasetPin; at: string; profile: Profile }[]> => {
      const rows = await db
        .selectFrom("profile")
        .selectAll()
        .where("dataset", "=", dataset)
        .orderBy("at", "desc")
        .limit(most)
        .execute();
      return rows.map(({ pin, at, profile }) => ({ pin, at: iso(at), profile: profile as unknown as Profile }));
    },
    /**
     * The newest expectations that were suggested from another version of the dataset. `version` counts the sets that were
     * suggested before, 1 the first; null where there is none.
     */
    suggested: async (
      dataset: string,
      pin: DatasetPin,
    ): Promise<{ version: number; since: string; expectations: Expectation[] } | null> => {
      const sets = await db
        .selectFrom("expectation")
        .selectAll()
        .where("dataset", "=", dataset)
        .where("since", "!=", pin)
        .orderBy("at", "desc")
        .execute();
      const [newest] = sets;
      if (!newest) return null;
      const expectations = newest.expectations as unknown as Expectation[];
      return { version: sets.length, since: iso(newest.at), expectations };
    },
    /** Every version of what people defined for a dataset, oldest first. */
    definitions: async (dataset: string): Promise<Definition[]> => {
      const rows = await db
        .selectFrom("definition")
        .selectAll()
        .where("dataset", "=", dataset)
        .orderBy("rule")
        .orderBy("version")
        .execute();
      return rows.map((row) => ({ ...row, at: iso(row.at), expectation: row.expectation as unknown as Expectation }));
    },
    /** Adds a version of a definition; `conflict` where it is there already. */
    define: async (trx: Trx<Tables>, dataset: string, one: Definition): Promise<void> => {
      const { numInsertedOrUpdatedRows: added } = await trx
        .insertInto("definition")
        .values({ ...one, dataset, expectation: JSON.stringify(one.expectation) })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (Number(added) === 0)
        throw fault("conflict", `somebody else defined ${one.rule} of ${dataset} at this moment; define it again`);
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
    /** Says of a column that it may be learned from, or not; the last word counts. */
    allow: async (trx: Trx<Tables>, one: Allowance): Promise<void> => {
      await trx.insertInto("allowance").values(one).execute();
    },
    /** The columns that people allowed for a question. */
    allowances: async (question: string): Promise<{ column: string; reason: string; person: string }[]> => {
      const rows = await db
        .selectFrom("allowance")
        .distinctOn("column")
        .select(["column", "allowed", "reason", "person"])
        .where("question", "=", question)
        .orderBy("column")
        .orderBy("id", "desc")
        .execute();
      return rows.filter(({ allowed }) => allowed).map(({ column, reason, person }) => ({ column, reason, person }));
    },
    saveValidation: async (trx: Trx<Tables>, pin: DatasetPin, report: Report, at: Date): Promise<void> => {
      await trx
        .insertInto("validation")
        .values({ pin, at: at.toISOString(), report: JSON.stringify(report) })
        .execute();
    },
    /** What the checks of a dataset's versions came to, the newest first. */
    validations: async (dataset: string, most: number): Promise<{ pin: DatasetPin; at: string; report: Report }[]> => {
      const rows = await db
        .selectFrom("validation")
        .selectAll()
        .where("pin", "like", `${dataset.replaceAll("_", "\\_")}@%`)
        .orderBy("at", "desc")
        .limit(most)
        .execute();
      return rows.map(({ pin, at, report }) => ({ pin, at: iso(at), report: report as unknown as Report }));
    },
  };
}

/** A moment as the driver gives it, in ISO 8601. */
const iso = (at: unknown): string => new Date(at as string | Date).toISOString();
