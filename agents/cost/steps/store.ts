import type { Database, Trx } from "@muster/shared/database/open.ts";
import { type Selectable, sql } from "kysely";
import type { Tables } from "../store.ts";
import type { SizedStep } from "./sized.ts";

/** A step of an ended request as it is kept. */
export type StepRow = Selectable<Tables["step"]>;

/** What one tool's step took: seconds by the clock, and the cells of the largest dataset it saw (null: none). */
export type Duration = { seconds: number; cells: number | null };

/** Durations of each tool that are looked at: the newest. */
const newest = 100;

/** Steps of requests that ended, with what they took. */
export function stepStore(db: Database<Tables>) {
  return {
    add: async (trx: Trx<Tables>, request: string, steps: readonly SizedStep[], at: string): Promise<void> => {
      if (steps.length === 0) return;
      await trx
        .insertInto("step")
        .values(
          steps.map(({ id, tool, status, hintMs, elapsedMs, each, dataset, target, cells, writes }) => ({
            ...{ request, step: id, tool, status, hint_ms: hintMs, each, dataset, target, cells, writes, at },
            // What failed says nothing of how long the work takes.
            seconds: status === "succeeded" && elapsedMs !== null ? elapsedMs / 1000 : null,
          })),
        )
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    ofRequest: (request: string): Promise<StepRow[]> =>
      db.selectFrom("step").selectAll().where("request", "=", request).orderBy("step").execute(),
    /** What each of these tools took lately, the newest first. */
    durations: async (tools: readonly string[]): Promise<Map<string, Duration[]>> => {
      const { rows } = await sql<Duration & { tool: string }>`
        select t.tool, s.seconds, s.cells from unnest(${tools}::text[]) as t(tool), lateral (
          select seconds, cells from step where tool = t.tool and seconds is not null order by at desc limit ${newest}) s`.execute(
        db,
      );
      const found = new Map<string, Duration[]>();
      for (const { tool, seconds, cells } of rows) found.set(tool, [...(found.get(tool) ?? []), { seconds, cells }]);
      return found;
    },
    /** How many steps of each of these tools a request that ended well had, in the middle of all that had one. */
    usualCount: async (tools: readonly string[]): Promise<Map<string, { low: number; mid: number; high: number }>> => {
      const { rows } = await sql<{ tool: string; low: number; mid: number; high: number }>`
        select tool, min(n)::float8 as low, percentile_disc(0.5) within group (order by n)::float8 as mid, max(n)::float8 as high
        from (select request, tool, count(*) as n from step where tool = any(${tools}::text[]) and seconds is not null group by 1, 2) x
        group by tool`.execute(db);
      return new Map(rows.map(({ tool, ...count }) => [tool, count]));
    },
    /** The newest step that wrote each dataset: what making it again would take. */
    writing: async (): Promise<Map<string, { tool: string; seconds: number; at: string }>> => {
      const { rows } = await sql<{ writes: string; tool: string; seconds: number; at: string }>`
        select distinct on (writes) writes, tool, seconds, at from step
        where writes is not null and seconds is not null order by writes, at desc`.execute(db);
      return new Map(rows.map(({ writes, ...step }) => [writes, step]));
    },
  };
}
