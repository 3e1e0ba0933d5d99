import { type Database, type Migration, migrateOwn, openDatabase, type Trx } from "@muster/shared/database/open.ts";
import type { RunResult } from "@muster/shared/domain/model.ts";
import type { Task } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { type Generated, sql } from "kysely";
import type pg from "pg";
import type { ModelSubject } from "./model-name.ts";

type Tables = {
  experiment: { id: string; name: string; request: string | null; person: string | null; at: string };
  run: {
    id: string;
    name: string;
    experiment: string | null;
    status: string;
    problem: string;
    dataset: string;
    target: string;
    task: string;
    algorithm: string | null;
    model: string | null;
    result: string | null;
    error: string | null;
    request: string | null;
    person: string | null;
    key: string;
    reservation: string;
    started_at: string;
    finished_at: string | null;
    cpu_seconds: number | null;
    seconds: number | null;
    peak_memory_mb: number | null;
    seq: Generated<number>;
  };
  model: { name: string; dataset: string; target: string; task: string; at: string };
  model_version: {
    name: string;
    version: number;
    hash: string;
    run: string;
    problem: string;
    view: string;
    metrics: string;
    exploratory: boolean;
    request: string | null;
    person: string | null;
    at: string;
  };
  holdout_look: { sealed: string; look: number; model: string; key: string; request: string | null; at: string };
};

const migrations: Migration[] = [
  {
    name: "registry",
    sql: `
      create table experiment (id text primary key, name text not null unique, request text, person text, at timestamptz not null);
      create table run (
        id text primary key, name text not null, experiment text references experiment, status text not null check (status in ('running', 'finished', 'failed', 'cancelled')),
        problem text not null, dataset text not null, target text not null, task text not null, algorithm text, model text,
        result jsonb, error jsonb, request text, person text, key text not null, reservation text not null,
        started_at timestamptz not null, finished_at timestamptz, cpu_seconds double precision, seconds double precision,
        peak_memory_mb double precision, seq bigint generated always as identity);
      create index run_newest on run (seq desc);
      create index run_model on run (model);
      create table model (name text primary key, dataset text not null, target text not null, task text not null, at timestamptz not null);
      create table model_version (
        name text not null references model, version int not null, hash text not null, run text not null references run,
        problem text not null, view text not null, metrics jsonb not null, exploratory boolean not null, request text,
        person text, at timestamptz not null, primary key (name, version), unique (name, hash));
      create index model_version_hash on model_version (hash);
      create table holdout_look (
        sealed text not null, look int not null, model text not null, key text not null unique, request text,
        at timestamptz not null, primary key (sealed, look));`,
  },
];

/** A training that has begun. */
export type BegunRun = {
  id: string;
  name: string;
  experiment: string | null;
  problem: string;
  dataset: string;
  target: string;
  task: Task;
  request: string | null;
  person: string | null;
  key: string;
  reservation: string;
  startedAt: string;
};

/** Why a training didn't finish, and what it had used; null where that wasn't measured. */
export type FailedRun = {
  status: "failed" | "cancelled";
  error: { code: string; message: string };
  finishedAt: string;
  cpuSeconds: number | null;
  seconds: number | null;
  peakMemoryMb: number | null;
};

/** A version to be registered: bytes by hash, the run they are of, its hold-out figures. */
export type NewVersion = ModelSubject & {
  name: string;
  version: number;
  hash: string;
  run: string;
  problem: string;
  view: string;
  metrics: Record<string, number>;
  exploratory: boolean;
  request: string | null;
  person: string | null;
  at: string;
};

/** A registered version as it is listed. */
export type VersionRow = Pick<NewVersion, "name" | "version" | "hash" | "metrics" | "run" | "exploratory" | "at">;

/** Ml's own tables: experiments, runs, the registry of models and their versions, looks at hold-outs. */
export type MlStore = ReturnType<typeof mlStore>;

/** Opens ml's store and brings its schema up to date. */
export async function openMlStore(pool: pg.Pool): Promise<MlStore> {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "ml", migrations);
  return mlStore(db);
}

function mlStore(db: Database<Tables>) {
  return { ...experiments(db), ...runs(db), ...registry(db), ...looks(db) };
}

function experiments(db: Database<Tables>) {
  return {
    insertExperiment: async (trx: Trx<Tables>, row: Tables["experiment"]): Promise<void> => {
      await trx.insertInto("experiment").values(row).execute();
    },
    /** The experiment of a name; null without one. */
    experiment: async (name: string): Promise<{ id: string; name: string } | null> =>
      (await db.selectFrom("experiment").select(["id", "name"]).where("name", "=", name).executeTakeFirst()) ?? null,
  };
}

function runs(db: Database<Tables>) {
  return {
    /** Notes at once that a run has begun; a second delivery of the same call takes it up again. */
    beginRun: async ({ startedAt, ...row }: BegunRun): Promise<void> => {
      await db
        .insertInto("run")
        .values({ ...row, status: "running", started_at: startedAt })
        .onConflict((conflict) =>
          conflict
            .column("id")
            .doUpdateSet({ status: "running", started_at: startedAt, error: null, finished_at: null })
            .where("run.status", "!=", "finished"),
        )
        .execute();
    },
    finishRun: async (trx: Trx<Tables>, result: RunResult, finishedAt: string): Promise<void> => {
      await trx
        .updateTable("run")
        .set({
          ...{ status: "finished", algorithm: result.algorithm, model: result.model, error: null },
          ...{ result: JSON.stringify(result), finished_at: finishedAt },
          ...{ cpu_seconds: result.cpuSeconds, seconds: result.seconds, peak_memory_mb: result.peakMemoryMb },
        })
        .where("id", "=", result.run)
        .execute();
    },
    /** Notes at once why a run ended without a model; one that another delivery finished stays as it is. */
    failRun: async (id: string, { status, error, finishedAt, ...used }: FailedRun): Promise<void> => {
      await db
        .updateTable("run")
        .set({
          ...{ status, error: JSON.stringify(error), finished_at: finishedAt },
          ...{ cpu_seconds: used.cpuSeconds, seconds: used.seconds, peak_memory_mb: used.peakMemoryMb },
        })
        .where("id", "=", id)
        .where("status", "=", "running")
        .execute();
    },
  };
}

function registry(db: Database<Tables>) {
  return {
    /** What a model's name is of; null where it is free. */
    ownerOf: async (name: string): Promise<ModelSubject | null> =>
      ((await db
        .selectFrom("model")
        .select(["dataset", "target", "task"])
        .where("name", "=", name)
        .executeTakeFirst()) as ModelSubject | undefined) ?? null,
    /** The version of a name that has these bytes, and the newest version's number (0 without one). */
    versionsOf: async (name: string, hash: string): Promise<{ same: number | null; newest: number }> => {
      const rows = await db.selectFrom("model_version").select(["version", "hash"]).where("name", "=", name).execute();
      return {
        same: rows.find((row) => row.hash === hash)?.version ?? null,
        newest: rows.reduce((most, row) => Math.max(most, row.version), 0),
      };
    },
    /**
     * Registers a version, inside the given transaction: its bytes must stand in the artifacts. `conflict` where another
     * request registered one of that name meanwhile.
     */
    insertVersion: async (trx: Trx<Tables>, { dataset, target, task, ...row }: NewVersion): Promise<void> => {
      await sql`select pg_advisory_xact_lock(hashtext(${`muster:model:${row.name}`}))`.execute(trx);
      const bytes = await sql`select 1 from evidence.artifact where hash = ${row.hash}`.execute(trx);
      if (bytes.rows.length === 0)
        throw fault("internal", `the bytes of ${row.name} version ${row.version} aren't kept; train it again`);
      await trx
        .insertInto("model")
        .values({ name: row.name, dataset, target, task, at: row.at })
        .onConflict((conflict) => conflict.column("name").doNothing())
        .execute();
      const owner = await trx
        .selectFrom("model")
        .select(["dataset", "target", "task"])
        .where("name", "=", row.name)
        .executeTakeFirstOrThrow();
      const { newest } = await trx
        .selectFrom("model_version")
        .select((eb) => eb.fn.max("version").as("newest"))
        .where("name", "=", row.name)
        .executeTakeFirstOrThrow();
      const own = owner.dataset === dataset && owner.target === target && owner.task === task;
      if (!own || Number(newest ?? 0) + 1 !== row.version)
        throw fault("conflict", `another model was registered as ${row.name} meanwhile; try again`);
      await trx
        .insertInto("model_version")
        .values({ ...row, metrics: JSON.stringify(row.metrics) })
        .execute();
    },
    /** Versions of a name, or of every name, by name and then newest first. */
    versions: async (name: string | null, limit: number): Promise<VersionRow[]> => {
      const all = db
        .selectFrom("model_version")
        .select(["name", "version", "hash", "metrics", "run", "exploratory", "at"])
        .orderBy("name")
        .orderBy("version", "desc")
        .limit(limit);
      return (await (name === null ? all : all.where("name", "=", name)).execute()) as unknown as VersionRow[];
    },
  };
}

function looks(db: Database<Tables>) {
  return {
    /** How often a sealed hold-out was opened so far. */
    looks: async (sealed: string): Promise<number> => {
      const row = await db
        .selectFrom("holdout_look")
        .select((eb) => eb.fn.max("look").as("looks"))
        .where("sealed", "=", sealed)
        .executeTakeFirst();
      return Number(row?.looks ?? 0);
    },
    /** Counts a look, inside the given transaction. `conflict` where somebody else looked meanwhile. */
    countLook: async (trx: Trx<Tables>, row: Tables["holdout_look"]): Promise<void> => {
      await sql`select pg_advisory_xact_lock(hashtext(${`muster:holdout:${row.sealed}`}))`.execute(trx);
      const taken = await trx
        .selectFrom("holdout_look")
        .select("look")
        .where("sealed", "=", row.sealed)
        .where("look", "=", row.look)
        .executeTakeFirst();
      if (taken) throw fault("conflict", "another model was evaluated on this hold-out meanwhile; try again");
      await trx.insertInto("holdout_look").values(row).execute();
    },
  };
}
