import { type Database, type Migration, migrateOwn, openDatabase, type Trx } from "@muster/shared/database/open.ts";
import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import type pg from "pg";
import type { SearchPlan, TrialDone, TrialWork } from "./search.ts";
import type { TrialFile } from "./trial-messages.ts";

/** What a search is, as it is kept: its plan, and how its trials read the training file. */
export type SearchSpec = { plan: SearchPlan; training: DatasetPin; read: Omit<TrialFile, "file" | "xgboostLibrary"> };

/** How a search stands. */
export type SearchStatus = "running" | "finished" | "failed" | "cancelled";

/** Work of a trial as a worker takes it: what is to be scored, what of it is known already. */
export type OpenWork = TrialWork & {
  id: string;
  search: string;
  cpuSecondsLimit: number;
  scores: (number | null)[];
  attempts: number;
};

type WorkRow = {
  id: string;
  search: string;
  trial: number;
  algorithm: TrialWork["algorithm"];
  point: string;
  from_fold: number;
  to_fold: number;
  cpu_seconds_limit: number;
  scores: string;
  done: boolean;
  stopped: string | null;
  /** Of the attempt that is under way or ended it; what attempts before used and lost stands in `lost_cpu_seconds`. */
  cpu_seconds: number;
  lost_cpu_seconds: number;
  peak_memory_mb: number;
  /** Bins of a column at most, where the memory allowed no more. */
  max_bins: number | null;
  attempts: number;
  worker: string | null;
  at: string;
};

type Tables = {
  search: {
    id: string;
    status: SearchStatus;
    spec: string;
    request: string | null;
    person: string | null;
    key: string;
    at: string;
    ended_at: string | null;
  };
  trial: WorkRow;
};

const migrations: Migration[] = [
  {
    name: "tuning",
    sql: `
      create table search (
        id text primary key, status text not null check (status in ('running', 'finished', 'failed', 'cancelled')),
        spec jsonb not null, request text, person text, key text not null, at timestamptz not null, ended_at timestamptz);
      create table trial (
        id text primary key, search text not null references search, trial int not null, algorithm text not null, point jsonb not null,
        from_fold int not null, to_fold int not null, cpu_seconds_limit double precision not null, scores jsonb not null default '[]',
        done boolean not null default false, stopped text, cpu_seconds double precision not null default 0,
        lost_cpu_seconds double precision not null default 0, peak_memory_mb double precision not null default 0, attempts int not null default 0, worker text, at timestamptz not null,
        unique (search, trial, from_fold));
      create index trial_open on trial (search) where not done;`,
  },
  { name: "tuning_bins", sql: "alter table trial add column max_bins int;" },
];

/** Searches and their trials: what was asked, and what came of it as soon as it is known. */
export type TuningStore = ReturnType<typeof tuningStore>;

/** Opens the store over ml's schema and brings it up to date. */
export async function openTuningStore(pool: pg.Pool): Promise<TuningStore> {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "ml", migrations);
  return tuningStore(db);
}

/** The id of a trial's work: the same for every coordinator and every worker. */
export const workId = (search: string, { trial, from }: Pick<TrialWork, "trial" | "from">): string =>
  `${search}/${trial}/${from}`;

function tuningStore(db: Database<Tables>) {
  return {
    /** Notes that a search has begun; a second delivery of the same call takes it up again. */
    begin: async (row: {
      id: string;
      spec: SearchSpec;
      request: string | null;
      person: string | null;
      key: string;
      at: string;
    }): Promise<void> => {
      await db
        .insertInto("search")
        .values({ ...row, spec: JSON.stringify(row.spec), status: "running", ended_at: null })
        .onConflict((conflict) =>
          conflict
            .column("id")
            .doUpdateSet({ status: "running", ended_at: null })
            .where("search.status", "!=", "finished"),
        )
        .execute();
    },
    end: async (
      id: string,
      status: SearchStatus,
      at: string,
      on: Database<Tables> | Trx<Tables> = db,
    ): Promise<void> => {
      await on.updateTable("search").set({ status, ended_at: at }).where("id", "=", id).execute();
    },
    /** Whether a search is under way: nobody wants the trials of one that has ended. */
    running: async (id: string): Promise<boolean> =>
      (await db.selectFrom("search").select("status").where("id", "=", id).executeTakeFirst())?.status === "running",
    /** Keeps work before it is given out; what is kept already stays as it is. */
    queue: async (
      search: string,
      works: readonly (TrialWork & { cpuSecondsLimit: number })[],
      at: string,
    ): Promise<void> => {
      await db
        .insertInto("trial")
        .values(
          works.map((work) => ({
            ...{ id: workId(search, work), search, trial: work.trial, algorithm: work.algorithm },
            ...{ point: JSON.stringify(work.point), from_fold: work.from, to_fold: work.to, scores: "[]" },
            ...{ cpu_seconds_limit: work.cpuSecondsLimit, done: false, stopped: null, cpu_seconds: 0 },
            ...{ lost_cpu_seconds: 0, peak_memory_mb: 0, max_bins: null, attempts: 0, worker: null, at },
          })),
        )
        .onConflict((conflict) => conflict.column("id").doNothing())
        .execute();
    },
    /** What came of the work of a search that is done. */
    done: async (search: string): Promise<TrialDone[]> =>
      (
        await db
          .selectFrom("trial")
          .selectAll()
          .where("search", "=", search)
          .where("done", "=", true)
          .orderBy("trial")
          .orderBy("from_fold")
          .execute()
      ).map((row) => ({
        ...workOf(row),
        scores: row.scores as unknown as (number | null)[],
        cpuSeconds: row.cpu_seconds + row.lost_cpu_seconds,
        stopped: row.stopped,
        maxBins: row.max_bins,
      })),
    /**
     * Takes work up: counts the attempt, keeps what one before used as lost. Null where it is done, gone, or its search has
     * ended. Folds that were scored before stay scored.
     */
    take: async (id: string, worker: string): Promise<{ work: OpenWork; spec: SearchSpec } | null> => {
      const row = await db
        .updateTable("trial")
        .from("search")
        .set((eb) => ({
          attempts: eb("trial.attempts", "+", 1),
          lost_cpu_seconds: eb("trial.lost_cpu_seconds", "+", eb.ref("trial.cpu_seconds")),
          cpu_seconds: 0,
          worker,
        }))
        .whereRef("search.id", "=", "trial.search")
        .where("trial.id", "=", id)
        .where("trial.done", "=", false)
        .where("search.status", "=", "running")
        .returning([
          "trial.id",
          "trial.search",
          "trial.trial",
          "trial.algorithm",
          "trial.point",
          "trial.from_fold",
          "trial.to_fold",
        ])
        .returning([
          "trial.scores",
          "trial.cpu_seconds_limit",
          "trial.lost_cpu_seconds",
          "trial.attempts",
          "search.spec",
        ])
        .executeTakeFirst();
      if (!row) return null;
      const scores = row.scores as unknown as (number | null)[];
      const left = row.cpu_seconds_limit - row.lost_cpu_seconds;
      const work = {
        ...workOf(row),
        id,
        search: row.search,
        scores,
        cpuSecondsLimit: Math.max(0, left),
        attempts: row.attempts,
      };
      return { work, spec: row.spec as unknown as SearchSpec };
    },
    /** Keeps what is known of work under way: scored folds and what this attempt used. */
    keep: async (id: string, worker: string, scores: readonly (number | null)[], cpuSeconds: number): Promise<void> => {
      await db
        .updateTable("trial")
        .set({ scores: JSON.stringify(scores), cpu_seconds: cpuSeconds })
        .where("id", "=", id)
        .where("worker", "=", worker)
        .where("done", "=", false)
        .execute();
    },
    /** Ends work; the first end stands. */
    finish: async (
      id: string,
      {
        scores,
        cpuSeconds,
        stopped,
        peakMemoryMb,
        maxBins = null,
      }: Pick<TrialDone, "scores" | "cpuSeconds" | "stopped" | "maxBins"> & {
        peakMemoryMb: number;
      },
    ): Promise<void> => {
      await db
        .updateTable("trial")
        .set({
          ...{ scores: JSON.stringify(scores), cpu_seconds: cpuSeconds, stopped, done: true },
          ...{ peak_memory_mb: peakMemoryMb, max_bins: maxBins },
        })
        .where("id", "=", id)
        .where("done", "=", false)
        .execute();
    },
    /** What the trials of a search used so far, those under way and those lost to a crash among them. */
    used: async (search: string): Promise<{ cpuSeconds: number; peakMemoryMb: number }> => {
      const rows = await db
        .selectFrom("trial")
        .select(["cpu_seconds", "lost_cpu_seconds", "peak_memory_mb"])
        .where("search", "=", search)
        .execute();
      return {
        cpuSeconds: rows.reduce((sum, row) => sum + row.cpu_seconds + row.lost_cpu_seconds, 0),
        peakMemoryMb: rows.reduce((most, row) => Math.max(most, row.peak_memory_mb), 0),
      };
    },
    /** How often work of a search was begun beyond once, and what of that was lost, in CPU seconds. */
    lost: async (search: string): Promise<{ again: number; cpuSeconds: number; workers: number }> => {
      const rows = await db
        .selectFrom("trial")
        .select(["attempts", "lost_cpu_seconds", "worker"])
        .where("search", "=", search)
        .execute();
      return {
        again: rows.reduce((sum, { attempts }) => sum + Math.max(0, attempts - 1), 0),
        cpuSeconds: rows.reduce((sum, row) => sum + row.lost_cpu_seconds, 0),
        workers: new Set(rows.map(({ worker }) => worker).filter((worker) => worker !== null)).size,
      };
    },
  };
}

const workOf = (row: Pick<WorkRow, "trial" | "algorithm" | "point" | "from_fold" | "to_fold">): TrialWork => ({
  ...{ trial: row.trial, algorithm: row.algorithm, from: row.from_fold, to: row.to_fold },
  // jsonb comes back read.
  point: row.point as unknown as TrialWork["point"],
});
