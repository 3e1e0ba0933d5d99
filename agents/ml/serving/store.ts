import { type Database, type Migration, migrateOwn, openDatabase, type Trx } from "@muster/shared/database/open.ts";
import { type Generated, sql } from "kysely";
import type pg from "pg";

type Tables = {
  deployment: {
    id: string;
    name: string;
    revision: number;
    alias: string;
    version: number;
    hash: string;
    package: string;
    request: string | null;
    person: string | null;
    at: string;
    ended_at: Generated<string | null>;
  };
};

const migrations: Migration[] = [
  {
    name: "serving-deployments",
    sql: `
      create table deployment (
        id text primary key, name text not null, revision int not null, alias text not null, version int not null,
        hash text not null, package text not null, request text, person text, at timestamptz not null,
        ended_at timestamptz, unique (name, revision));
      create unique index deployment_one_champion on deployment (name, alias) where ended_at is null;
      create index deployment_hash on deployment (hash);`,
  },
];

/**
 * One revision of a deployment: which version and which bytes stood under its name from `at` to `endedAt` (null: still
 * live). `package` is the artifact with what is served (`ServingPackage`).
 */
export type Deployment = {
  id: string;
  name: string;
  revision: number;
  alias: string;
  version: number;
  hash: string;
  package: string;
  request: string | null;
  person: string | null;
  at: string;
  endedAt: string | null;
};

/** A deployment to go live; its revision is the next one of its name. */
export type NewDeployment = Omit<Deployment, "revision" | "endedAt">;

/** The deployments: what is and was live. At most one champion a name. */
export type DeploymentStore = ReturnType<typeof deploymentStore>;

/** Opens the deployments and brings their part of schema `ml` up to date. */
export async function openDeploymentStore(pool: pg.Pool): Promise<DeploymentStore> {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "ml", migrations);
  return deploymentStore(db);
}

function deploymentStore(db: Database<Tables>) {
  const columns = [
    ...(["id", "name", "revision", "alias", "version", "hash", "package", "request", "person", "at"] as const),
    "ended_at as endedAt" as const,
  ];
  const champion = (from: Database<Tables>, name: string): Promise<Deployment | undefined> =>
    from
      .selectFrom("deployment")
      .select(columns)
      .where("name", "=", name)
      .where("alias", "=", "champion")
      .where("ended_at", "is", null)
      .executeTakeFirst();
  return {
    /** Everything that is live, by name. */
    live: (): Promise<Deployment[]> =>
      db.selectFrom("deployment").select(columns).where("ended_at", "is", null).orderBy("name").execute(),
    /** The live champion of a name; null without one. */
    liveOf: async (name: string): Promise<Deployment | null> => (await champion(db, name)) ?? null,
    /** Every revision of a name (or of all), newest first. */
    history: (name: string | null, limit: number): Promise<Deployment[]> => {
      const all = db.selectFrom("deployment").select(columns).orderBy("at", "desc").orderBy("revision", "desc");
      return (name === null ? all : all.where("name", "=", name)).limit(limit).execute();
    },
    /**
     * Puts a version live in place of what bears its name, inside the given transaction; gives what it replaced. The same
     * package again changes nothing. Deployments of one name wait for each other until the transaction ends.
     */
    replace: async (
      trx: Trx<Tables>,
      next: NewDeployment,
    ): Promise<{ changed: boolean; replaced: Deployment | null }> => {
      await lockName(trx, next.name);
      const before = (await champion(trx, next.name)) ?? null;
      if (before?.package === next.package) return { changed: false, replaced: null };
      const last = await trx
        .selectFrom("deployment")
        .select((eb) => eb.fn.max("revision").as("revision"))
        .where("name", "=", next.name)
        .executeTakeFirst();
      if (before) await trx.updateTable("deployment").set({ ended_at: next.at }).where("id", "=", before.id).execute();
      await trx
        .insertInto("deployment")
        .values({ ...next, revision: Number(last?.revision ?? 0) + 1 })
        .execute();
      return { changed: true, replaced: before };
    },
    /** Takes down whatever is live under a name, inside the given transaction; gives what it was, null where nothing was. */
    retire: async (trx: Trx<Tables>, name: string, at: string): Promise<Deployment | null> => {
      await lockName(trx, name);
      const before = (await champion(trx, name)) ?? null;
      if (before) await trx.updateTable("deployment").set({ ended_at: at }).where("id", "=", before.id).execute();
      return before;
    },
  };
}

/** Deployments of one name wait for each other until the transaction ends. */
const lockName = (trx: Trx<Tables>, name: string) =>
  sql`select pg_advisory_xact_lock(hashtext(${`muster:deployment:${name}`}))`.execute(trx);
