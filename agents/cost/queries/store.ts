import type { Database } from "@muster/shared/database/open.ts";
import type { Tables } from "../store.ts";
import type { QueryKind } from "./kinds.ts";

/** A query that was run to be measured: its terms, and what it took. */
export type MeasuredQuery = { kind: QueryKind; terms: number[]; cpuSeconds: number; seconds: number };

/** Measured queries of a kind that are looked at: the newest. */
const newest = 200;

/** Queries that were measured on this machine. */
export function queryStore(db: Database<Tables>) {
  return {
    measured: async (kind: QueryKind): Promise<MeasuredQuery[]> =>
      (
        await db
          .selectFrom("query")
          .select(["terms", "cpu_seconds as cpuSeconds", "seconds"])
          .where("kind", "=", kind)
          .orderBy("at", "desc")
          .limit(newest)
          .execute()
      ).map(({ terms, ...took }) => ({ kind, terms: terms!, ...took })),
    add: async (queries: readonly MeasuredQuery[], at: string): Promise<void> => {
      await db
        .insertInto("query")
        .values(
          queries.map(({ kind, terms, cpuSeconds, seconds }) => ({
            ...{ kind, terms: JSON.stringify(terms), cpu_seconds: cpuSeconds, seconds, at },
          })),
        )
        .execute();
    },
  };
}
