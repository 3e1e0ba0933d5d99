import { openDatabase, type Trx } from "@muster/shared/database/open.ts";
import type pg from "pg";
import type { Run, RunEnd } from "./run.ts";

type Tables = {
  run: Omit<Run, "input" | "asOf" | "startedAt" | "finishedAt"> & {
    input: string;
    as_of: string | null;
    started_at: string;
    finished_at: string | null;
  };
};

/** What is known of a run when it begins. */
type Begun = Omit<Run, "status" | "output" | "rows" | "asOf" | "finishedAt">;

const columns = [
  ...(["id", "key", "tool", "request", "person", "problem", "dataset", "view", "input", "status", "output"] as const),
  "rows",
  "as_of as asOf",
  "started_at as startedAt",
  "finished_at as finishedAt",
] as const;

/** Pipeline's runs: what was begun, and what it came to. */
export type RunStore = ReturnType<typeof openRunStore>;

/** Opens the runs over pipeline's own schema, which its store brings up to date. */
export function openRunStore(pool: pg.Pool) {
  const db = openDatabase<Tables>(pool);
  const newest = db.selectFrom("run").select(columns).orderBy("started_at", "desc").orderBy("id");
  return {
    /** The same call delivered again begins no second run. */
    begin: async ({ input, startedAt, ...run }: Begun): Promise<void> => {
      await db
        .insertInto("run")
        .values({
          ...run,
          input: JSON.stringify(input),
          status: "running",
          output: null,
          rows: null,
          as_of: null,
          started_at: startedAt,
          finished_at: null,
        })
        .onConflict((conflict) => conflict.column("id").doNothing())
        .execute();
    },
    finish: async (trx: Trx<Tables>, id: string, { output, rows, asOf }: RunEnd, at: string): Promise<void> => {
      await trx
        .updateTable("run")
        .set({ status: "finished", output, rows, as_of: asOf, finished_at: at })
        .where("id", "=", id)
        .execute();
    },
    get: async (id: string): Promise<Run | null> =>
      ((await newest.where("id", "=", id).executeTakeFirst()) as Run | undefined) ?? null,
    /** The newest runs first, of a view where one is named (by hash). */
    list: async (limit: number, view?: string): Promise<Run[]> =>
      (await (view === undefined ? newest : newest.where("view", "=", view))
        .limit(limit)
        .execute()) as unknown as Run[],
  };
}
