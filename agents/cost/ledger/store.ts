import type { Database, Trx } from "@muster/shared/database/open.ts";
import { readingOn } from "@muster/shared/database/reading.ts";
import type { Spend } from "@muster/shared/domain/budget.ts";
import type { Estimate } from "@muster/shared/domain/estimate.ts";
import { type Selectable, sql } from "kysely";
import type { Spender } from "../budget.ts";
import type { Tables } from "../store.ts";

type Runner = Database<Tables> | Trx<Tables>;
/** A line of the ledger with what its run took. */
export type SpendRow = Selectable<Tables["spend"]>;
/** What a run took, or had taken when it failed. */
export type Used = { usd: number; cpuSeconds: number; seconds: number; peakMemoryMb: number };
/** An estimate as it was given, and what its run took. */
export type Forecast = { run: string | null; estimate: Estimate; cpuSeconds: number; peakMemoryMb: number };

/** What is reserved and what was spent: one line a reservation, settled once. */
export function ledgerStore(db: Database<Tables>) {
  return {
    /** Makes whoever else wants to reserve wait until this transaction ends. */
    lock: async (trx: Trx<Tables>): Promise<void> => {
      await sql`select pg_advisory_xact_lock(hashtext('muster:budget'))`.execute(trx);
    },
    /** Looks at the ledger while nobody else reserves. */
    locked: <T>(look: (trx: Trx<Tables>) => Promise<T>): Promise<T> =>
      db.transaction().execute(async (trx) => {
        await sql`select pg_advisory_xact_lock(hashtext('muster:budget'))`.execute(trx);
        return look(trx);
      }),
    /** The lines of a request, and those of its person and team since a moment (null: ever); everybody's where `everyone`. */
    lines: async (
      spender: Spender,
      { since, everyone }: { since: string | null; everyone: boolean },
      on: Runner = db,
    ): Promise<Spend[]> => {
      const query = on
        .selectFrom("spend")
        .select(["id", "state", "usd", "request", "person", "team", "at"])
        .where((line) => {
          const whose = everyone
            ? line.lit(true)
            : line.or([
                line("person", "=", spender.person),
                ...(spender.team === null ? [] : [line("team", "=", spender.team)]),
              ]);
          const counted = since === null ? whose : line.and([whose, line("at", ">=", since)]);
          return line.or([line("request", "=", spender.request), counted]);
        });
      return query.execute();
    },
    /** Adds an open line; what was estimated stands beside it, to be held against what it comes to. */
    reserve: async (trx: Trx<Tables>, line: Omit<Spend, "state">, estimate: Estimate): Promise<void> => {
      await trx
        .insertInto("spend")
        .values({
          ...{ ...line, state: "reserved", reserved_usd: line.usd, run: null, outcome: null },
          ...{ cpu_seconds: 0, seconds: 0, peak_memory_mb: 0, settled_at: null },
          estimate: JSON.stringify(estimate),
        })
        .execute();
    },
    /** Puts what was spent in place of a reservation; false where it is settled already, or unknown. */
    settle: async (
      trx: Trx<Tables>,
      id: string,
      used: Used,
      { run, outcome, at }: { run: string | null; outcome: string; at: string },
    ): Promise<boolean> => {
      const settled = await trx
        .updateTable("spend")
        .set({
          ...{ state: "spent", usd: used.usd, run, outcome, settled_at: at },
          ...{ cpu_seconds: used.cpuSeconds, seconds: used.seconds, peak_memory_mb: used.peakMemoryMb },
        })
        .where("id", "=", id)
        .where("state", "=", "reserved")
        .executeTakeFirst();
      return settled.numUpdatedRows === 1n;
    },
    /** The reservation that a step used up, by the step's idempotency key; null where it used none. */
    reservationOf: async (trx: Trx<Tables>, key: string): Promise<string | null> =>
      (
        await sql<{ id: string }>`select r.value->>'reservation' as id
          from evidence.consumption c join evidence.receipt r on r.id = c.receipt
          where c.key = ${key} and r.fact in ('budget.reserved', 'search.reserved')`.execute(trx)
      ).rows[0]?.id ?? null,
    /** Frees reservations of a request, or from before a moment, that no step has used up: none will. Gives how many. */
    free: async (of: { request: string } | { before: string }, at: string, on: Runner = db): Promise<number> => {
      const which = "request" in of ? sql`s.request = ${of.request}` : sql`s.at < ${of.before}`;
      const freed = await sql`update spend s set state = 'spent', usd = 0, outcome = 'unused', settled_at = ${at}
        where s.state = 'reserved' and ${which} and not exists (
          select 1 from evidence.receipt r join evidence.consumption c on c.receipt = r.id
          where r.fact in ('budget.reserved', 'search.reserved') and r.request = s.request and r.value->>'reservation' = s.id)`.execute(
        on,
      );
      return Number(freed.numAffectedRows ?? 0);
    },
    /**
     * Open reservations whose step came to an end that no event told of: those whose call failed, with its fault, and those
     * from before a moment that a step used up and nothing was heard of since.
     */
    lost: async (before: string) =>
      (
        await sql<{ id: string; usd: number; code: string | null; data: Record<string, unknown> | null }>`
          select s.id, s.usd, o.outcome->'fault'->>'code' as code, o.outcome->'fault'->'data' as data
          from spend s join evidence.receipt r on r.fact in ('budget.reserved', 'search.reserved') and r.request = s.request and r.value->>'reservation' = s.id
            join evidence.consumption c on c.receipt = r.id left join evidence.result o on o.key = c.key
          where s.state = 'reserved' and (o.outcome->>'ok' = 'false' or (o.key is null and s.at < ${before}::timestamptz))`.execute(
          db,
        )
      ).rows,
    /** What was estimated and what it came to, of the newest runs that finished, newest first. */
    forecasts: async (limit: number): Promise<Forecast[]> =>
      (
        await db
          .selectFrom("spend")
          .select(["run", "estimate", "cpu_seconds as cpuSeconds", "peak_memory_mb as peakMemoryMb"])
          .where("outcome", "=", "finished")
          .where("estimate", "is not", null)
          .orderBy("settled_at", "desc")
          .limit(limit)
          .execute()
      ).map((row) => ({ ...row, estimate: row.estimate! })),
    /** The newest estimate of training on a version, expired or not; null where there was none. */
    estimateOf: async (training: string): Promise<string | null> =>
      (
        await sql<{ id: string }>`select id from evidence.receipt
          where fact = 'training.estimated' and about @> ${JSON.stringify({ training })}::jsonb order by seq desc limit 1`.execute(
          db,
        )
      ).rows[0]?.id ?? null,
    /** The request that a run belongs to; null where no reservation names the run. */
    requestOf: async (run: string): Promise<string | null> =>
      (await db.selectFrom("spend").select("request").where("run", "=", run).executeTakeFirst())?.request ?? null,
    /** Every line of a request, or the newest ones. */
    list: (request: string | null, limit: number): Promise<SpendRow[]> => {
      const query = db.selectFrom("spend").selectAll().orderBy("at", "desc").orderBy("id").limit(limit);
      return (request === null ? query : query.where("request", "=", request)).execute();
    },
    /** The sums of all lines of a request, or of everything. */
    totals: async (request: string | null) =>
      (
        await sql<{
          reservedUsd: number;
          spentUsd: number;
          cpuSeconds: number;
          seconds: number;
          peakMemoryMb: number;
          lines: number;
        }>`select coalesce(sum(usd) filter (where state = 'reserved'), 0) as "reservedUsd",
            coalesce(sum(usd) filter (where state = 'spent'), 0) as "spentUsd",
            coalesce(sum(cpu_seconds), 0) as "cpuSeconds", coalesce(sum(seconds), 0) as seconds,
            coalesce(max(peak_memory_mb), 0) as "peakMemoryMb", count(*) as lines
          from spend where ${request}::text is null or request = ${request}`.execute(db)
      ).rows[0]!,
    /** Reads on in the outbox: `work` gives where it has come to, in the same transaction, one process at a time. */
    reading: readingOn(db, "cursor"),
  };
}
