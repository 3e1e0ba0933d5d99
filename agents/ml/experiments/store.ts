import type { CodeVersion } from "@muster/shared/code-version.ts";
import { type Database, type Migration, migrateOwn, openDatabase, type Trx } from "@muster/shared/database/open.ts";
import type { RunResult } from "@muster/shared/domain/model.ts";
import { fault } from "@muster/shared/fault.ts";
import { sql } from "kysely";
import type pg from "pg";
import type { Alias, Artifact, ListedRun, LoggedMetric, RegisteredVersion, RunStatus } from "./run.ts";

type Tables = {
  experiment: { id: string; name: string; request: string | null; person: string | null; at: string };
  run: Omit<ListedRun, "startedAt" | "finishedAt" | "cpuSeconds" | "peakMemoryMb"> & {
    result: RunResult | null;
    started_at: string;
    finished_at: string | null;
    cpu_seconds: number | null;
    peak_memory_mb: number | null;
  };
  run_param: { run: string; key: string; value: string };
  run_tag: { run: string; key: string; value: string };
  run_metric: { run: string; key: string; step: number; at: string; value: number };
  run_artifact: Artifact & { run: string };
  run_code: { run: string; version: string; commit: string | null; data: string };
  model_alias: Alias & { name: string; request: string | null; person: string | null };
  model_version: RegisteredVersion;
};

/** What came after the first registry: runs begun outside, what is noted of a run, aliases. */
const migrations: Migration[] = [
  {
    name: "tracking",
    sql: `
      alter table run add column origin text not null default 'trained' check (origin in ('trained', 'outside'));
      alter table run alter column problem drop not null, alter column dataset drop not null, alter column target drop not null,
        alter column task drop not null, alter column reservation drop not null;
      alter table run add check (origin = 'outside' or (problem is not null and dataset is not null and target is not null
        and task is not null and reservation is not null));
      create index run_experiment on run (experiment, seq desc);
      create index run_status on run (status, seq desc);
      create table run_param (run text not null references run, key text not null, value text not null, primary key (run, key));
      create table run_tag (run text not null references run, key text not null, value text not null, primary key (run, key));
      create table run_metric (
        run text not null references run, key text not null, step bigint not null, at timestamptz not null,
        value double precision not null, primary key (run, key, step, at));
      create table run_artifact (run text not null references run, path text not null, hash text not null, primary key (run, path));
      create table run_code (run text primary key references run, version text not null, commit text, data jsonb not null);
      create table model_alias (
        name text not null, alias text not null, version int not null, request text, person text, at timestamptz not null,
        primary key (name, alias), foreign key (name, version) references model_version);`,
  },
];

/** A run that somebody began outside of the swarm, in an experiment. */
export type OutsideRun = {
  id: string;
  name: string;
  experiment: string;
  dataset: string | null;
  target: string | null;
  request: string | null;
  person: string | null;
  key: string;
  startedAt: string;
};

/** Which runs are listed: the newest first, from below a place on. */
export type RunFilter = { experiment: string | null; status: RunStatus | null; below: number | null; limit: number };

/** Which versions are listed: by name, then the newest first, from behind a place on. */
export type VersionFilter = {
  name: string | null;
  version?: number;
  run?: string;
  after: readonly [name: string, version: number] | null;
  limit: number;
};

const listed = [
  ...(["id", "name", "origin", "experiment", "status", "problem", "dataset", "target", "task", "algorithm"] as const),
  ...(["model", "error", "request", "person", "key", "seconds", "seq"] as const),
  ...(["started_at as startedAt", "finished_at as finishedAt"] as const),
  ...(["cpu_seconds as cpuSeconds", "peak_memory_mb as peakMemoryMb"] as const),
] as const;

/** What is noted of runs, and which versions bear an alias. */
export type TrackingStore = ReturnType<typeof trackingStore>;

/** Opens it over the registry's tables, which ml's store makes first. */
export async function openTrackingStore(pool: pg.Pool): Promise<TrackingStore> {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "ml", migrations);
  return trackingStore(db);
}

function trackingStore(db: Database<Tables>) {
  return { ...runs(db), ...notes(db), ...aliases(db) };
}

function runs(db: Database<Tables>) {
  return {
    beginOutside: async (trx: Trx<Tables>, { startedAt, ...row }: OutsideRun): Promise<void> => {
      await sql`
        insert into run (id, name, origin, experiment, status, dataset, target, request, person, key, started_at)
        values (${row.id}, ${row.name}, 'outside', ${row.experiment}, 'running', ${row.dataset}, ${row.target},
          ${row.request}, ${row.person}, ${row.key}, ${startedAt})`.execute(trx);
    },
    /** Ends a run of outside. */
    endOutside: async (trx: Trx<Tables>, id: string, status: RunStatus, at: string): Promise<void> => {
      const ended = status === "running" ? null : at;
      const own = trx.updateTable("run").set({ status, finished_at: ended }).where("id", "=", id);
      await own.where("origin", "=", "outside").execute();
    },
    run: async (id: string): Promise<ListedRun | null> =>
      ((await db.selectFrom("run").select(listed).where("id", "=", id).executeTakeFirst()) as ListedRun | undefined) ??
      null,
    /** What trainings came to, of those runs that finished. */
    results: async (ids: readonly string[]): Promise<Map<string, RunResult>> => {
      const rows = await db
        .selectFrom("run")
        .select(["id", "result"])
        .where("id", "in", [...ids])
        .execute();
      return new Map(rows.flatMap(({ id, result }) => (result ? [[id, result] as const] : [])));
    },
    runs: async ({ experiment, status, below, limit }: RunFilter): Promise<ListedRun[]> => {
      let wanted = db.selectFrom("run").select(listed).orderBy("seq", "desc").limit(limit);
      if (experiment !== null) wanted = wanted.where("experiment", "=", experiment);
      if (status !== null) wanted = wanted.where("status", "=", status);
      if (below !== null) wanted = wanted.where("seq", "<", below);
      return (await wanted.execute()) as ListedRun[];
    },
    /** How many runs there are of each status, in all or in an experiment. */
    counts: async (experiment: string | null): Promise<Partial<Record<RunStatus, number>>> => {
      const all = db
        .selectFrom("run")
        .select(["status", (eb) => eb.fn.countAll<number>().as("runs")])
        .groupBy("status");
      const rows = await (experiment === null ? all : all.where("experiment", "=", experiment)).execute();
      return Object.fromEntries(rows.map(({ status, runs: count }) => [status, Number(count)]));
    },
    experimentName: async (id: string): Promise<string | null> =>
      (await db.selectFrom("experiment").select("name").where("id", "=", id).executeTakeFirst())?.name ?? null,
    experiments: (limit: number): Promise<{ id: string; name: string; at: string }[]> =>
      db.selectFrom("experiment").select(["id", "name", "at"]).orderBy("at", "desc").limit(limit).execute(),
  };
}

function notes(db: Database<Tables>) {
  return {
    /** Notes at once by which code a run works on which data; a second delivery changes nothing. */
    noteCode: async (run: string, { version, commit }: CodeVersion, data: readonly string[]): Promise<void> => {
      await db
        .insertInto("run_code")
        .values({ run, version, commit, data: JSON.stringify(data) })
        .onConflict((conflict) => conflict.column("run").doNothing())
        .execute();
    },
    /** By which code a run worked on which dataset versions; null where nobody noted it. */
    code: async (run: string): Promise<(CodeVersion & { data: string[] }) | null> => {
      const row = await db
        .selectFrom("run_code")
        .select(["version", "commit", "data"])
        .where("run", "=", run)
        .executeTakeFirst();
      // jsonb comes back read.
      return row ? { ...row, data: row.data as unknown as string[] } : null;
    },
    /** Adds values of metrics; the very same again changes nothing. `conflict` where the moment holds another value. */
    logMetrics: async (trx: Trx<Tables>, run: string, metrics: readonly LoggedMetric[]): Promise<void> => {
      if (metrics.length === 0) return;
      const rows = JSON.stringify(metrics);
      await sql`
        insert into run_metric (run, key, step, at, value)
        select ${run}, m.key, m.step, m.at, m.value
        from jsonb_to_recordset(${rows}::jsonb) as m(key text, step bigint, at timestamptz, value double precision)
        on conflict do nothing`.execute(trx);
      const other = await sql<{ key: string; step: number }>`
        select m.key, m.step from jsonb_to_recordset(${rows}::jsonb) as m(key text, step bigint, at timestamptz, value double precision)
        join run_metric r on r.run = ${run} and r.key = m.key and r.step = m.step and r.at = m.at
        where r.value <> m.value limit 1`.execute(trx);
      const clash = other.rows[0];
      if (clash)
        throw fault("conflict", `${clash.key} has another value at step ${clash.step} and this time already`, clash);
    },
    /** Sets parameters; the same again changes nothing, another value is a `conflict`: what a run was made with is one thing. */
    setParams: async (trx: Trx<Tables>, run: string, params: Readonly<Record<string, string>>): Promise<void> => {
      const rows = Object.entries(params).map(([key, value]) => ({ run, key, value }));
      if (rows.length === 0) return;
      await trx
        .insertInto("run_param")
        .values(rows)
        .onConflict((conflict) => conflict.columns(["run", "key"]).doNothing())
        .execute();
      const held = await trx
        .selectFrom("run_param")
        .select(["key", "value"])
        .where("run", "=", run)
        .where("key", "in", Object.keys(params))
        .execute();
      const clash = held.find(({ key, value }) => params[key] !== value);
      if (clash)
        throw fault("conflict", `the parameter ${clash.key} of ${run} has another value; a parameter is final`);
    },
    /** Sets tags; the newest value stands. */
    setTags: async (trx: Trx<Tables>, run: string, tags: Readonly<Record<string, string>>): Promise<void> => {
      const rows = Object.entries(tags).map(([key, value]) => ({ run, key, value }));
      if (rows.length === 0) return;
      await trx
        .insertInto("run_tag")
        .values(rows)
        .onConflict((conflict) =>
          conflict.columns(["run", "key"]).doUpdateSet((eb) => ({ value: eb.ref("excluded.value") })),
        )
        .execute();
    },
    /** Names artifacts of a run by path; the newest stands. */
    setArtifacts: async (trx: Trx<Tables>, run: string, artifacts: readonly Artifact[]): Promise<void> => {
      if (artifacts.length === 0) return;
      await trx
        .insertInto("run_artifact")
        .values(artifacts.map((one) => ({ run, ...one })))
        .onConflict((conflict) =>
          conflict.columns(["run", "path"]).doUpdateSet((eb) => ({ hash: eb.ref("excluded.hash") })),
        )
        .execute();
    },
    /** Parameters, tags and artifacts of a run, by key or path. */
    notesOf: async (run: string) => {
      const [params, tags, artifacts] = await Promise.all([
        db.selectFrom("run_param").select(["key", "value"]).where("run", "=", run).orderBy("key").execute(),
        db.selectFrom("run_tag").select(["key", "value"]).where("run", "=", run).orderBy("key").execute(),
        db.selectFrom("run_artifact").select(["path", "hash"]).where("run", "=", run).orderBy("path").execute(),
      ]);
      const record = (rows: { key: string; value: string }[]) =>
        Object.fromEntries(rows.map(({ key, value }) => [key, value]));
      return { params: record(params), tags: record(tags), artifacts };
    },
    /** The value of each metric at its last step, and how many were logged. */
    lastMetrics: async (run: string): Promise<(LoggedMetric & { points: number })[]> =>
      (
        await sql<LoggedMetric & { points: number }>`
          select distinct on (key) key, step, at, value, count(*) over (partition by key) as points
          from run_metric where run = ${run} order by key, step desc, at desc`.execute(db)
      ).rows,
    /** A metric's values in the order of steps, from a place on. */
    metricPage: async (run: string, key: string, skip: number, limit: number): Promise<LoggedMetric[]> =>
      await db
        .selectFrom("run_metric")
        .select(["key", "step", "at", "value"])
        .where("run", "=", run)
        .where("key", "=", key)
        .orderBy("step")
        .orderBy("at")
        .offset(skip)
        .limit(limit)
        .execute(),
  };
}

function aliases(db: Database<Tables>) {
  return {
    /** Points an alias of a model at a version (null: at none), inside the given transaction. */
    setAlias: async (
      trx: Trx<Tables>,
      row: {
        name: string;
        alias: string;
        version: number | null;
        request: string | null;
        person: string | null;
        at: string;
      },
    ): Promise<void> => {
      const { name, alias, version, request, person, at } = row;
      if (version === null) {
        await trx.deleteFrom("model_alias").where("name", "=", name).where("alias", "=", alias).execute();
        return;
      }
      await trx
        .insertInto("model_alias")
        .values({ name, alias, version, request, person, at })
        .onConflict((conflict) => conflict.columns(["name", "alias"]).doUpdateSet({ version, request, person, at }))
        .execute();
    },
    /** The aliases that were set, of a model or of all. */
    aliases: async (name: string | null): Promise<(Alias & { name: string })[]> => {
      const all = db
        .selectFrom("model_alias")
        .select(["name", "alias", "version", "at"])
        .orderBy("name")
        .orderBy("alias");
      return await (name === null ? all : all.where("name", "=", name)).execute();
    },
    /** A version of a model, with the run it is of; null where there is none. */
    version: async (name: string, version: number): Promise<{ version: number; hash: string; run: string } | null> =>
      (await db
        .selectFrom("model_version")
        .select(["version", "hash", "run"])
        .where("name", "=", name)
        .where("version", "=", version)
        .executeTakeFirst()) ?? null,
    versionPage: async ({ name, version, run, after, limit }: VersionFilter): Promise<RegisteredVersion[]> => {
      let wanted = db
        .selectFrom("model_version")
        .select(["name", "version", "hash", "metrics", "run", "exploratory", "at"])
        .orderBy("name")
        .orderBy("version", "desc")
        .limit(limit);
      if (name !== null) wanted = wanted.where("name", "=", name);
      if (version !== undefined) wanted = wanted.where("version", "=", version);
      if (run !== undefined) wanted = wanted.where("run", "=", run);
      if (after)
        wanted = wanted.where((eb) =>
          eb.or([eb("name", ">", after[0]), eb.and([eb("name", "=", after[0]), eb("version", "<", after[1])])]),
        );
      return await wanted.execute();
    },
    /** The versions that a run's model was registered as. */
    versionsOfRun: async (run: string): Promise<{ name: string; version: number }[]> =>
      await db.selectFrom("model_version").select(["name", "version"]).where("run", "=", run).orderBy("at").execute(),
  };
}
