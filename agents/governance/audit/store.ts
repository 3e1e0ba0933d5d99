import type { Database, Trx } from "@muster/shared/database/open.ts";
import type { ChainEntry, ChainHead } from "@muster/shared/domain/audit-event.ts";
import { type RawBuilder, sql } from "kysely";
import { genesis, type SealedEvent } from "../chain.ts";
import type { Tables } from "../store.ts";

type Runner = Database<Tables> | Trx<Tables>;

/** A place in commit order: an event's transaction and its row number. */
export type Place = { xid: string; place: number };

/** An audit event as people read it; `seq` is its place in the chain, null until it is sealed. */
export type TrailEvent = {
  id: string;
  seq: number | null;
  at: string;
  by: string;
  person: string | null;
  request: string | null;
  step: string | null;
  what: string;
  subject: string;
  data: Record<string, unknown>;
  receipts: string[];
};

/**
 * An event exactly as it stands, every column as text that changes when the column does: times to the microsecond, JSON
 * as PostgreSQL writes it (a number beyond a double's digits would otherwise pass for its neighbour).
 */
const sealed = sql`e.id, e.what, e.subject, e.person, e.request, e.step, e.data::text as data, e.receipts, e.by,
  to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.xid::text as xid, e.seq as place`;

const rowsOf = async <T>(query: RawBuilder<T>, on: Runner): Promise<T[]> => (await query.execute(on)).rows;

/** Reading of the shared audit events, and governance's chain over them. */
export function auditStore(db: Database<Tables>) {
  return {
    /** Runs work in a transaction in which nobody else seals; false where somebody else is at it. */
    sealing: async (work: (trx: Trx<Tables>) => Promise<void>): Promise<boolean> =>
      db.transaction().execute(async (trx) => {
        const [lock] = await rowsOf(
          sql<{ ours: boolean }>`select pg_try_advisory_xact_lock(hashtext('muster:seal')) as ours`,
          trx,
        );
        if (lock?.ours) await work(trx);
        return lock?.ours ?? false;
      }),
    /** The end of the chain, and up to where it seals. */
    head: async (on: Runner = db): Promise<ChainHead & Place> => {
      const last = await on
        .selectFrom("chain")
        .select(["seq", "hash", "xid", "place"])
        .orderBy("seq", "desc")
        .limit(1)
        .executeTakeFirst();
      return last ?? { ...genesis, xid: "0", place: 0 };
    },
    /** Events behind a place in commit order, only those that no running transaction can still precede. */
    behind: (on: Runner, { xid, place }: Place, limit: number): Promise<SealedEvent[]> =>
      rowsOf(
        sql<SealedEvent>`select ${sealed} from evidence.audit_event e
          where (e.xid, e.seq) > (${xid}::xid8, ${place}::bigint) and e.xid < pg_snapshot_xmin(pg_current_snapshot())
          order by e.xid, e.seq limit ${limit}`,
        on,
      ),
    append: async (trx: Trx<Tables>, entries: readonly (ChainEntry & Place)[]): Promise<void> => {
      await trx.insertInto("chain").values(entries).execute();
    },
    /** Runs work over one unchanging picture of events and chain. */
    picture: <T>(work: (trx: Trx<Tables>) => Promise<T>): Promise<T> =>
      db.transaction().setIsolationLevel("repeatable read").execute(work),
    /** Entries after a place of the chain, each with the event it seals (null where that is gone). */
    entries: async (
      trx: Trx<Tables>,
      after: number,
      limit: number,
    ): Promise<(ChainEntry & Place & { found: SealedEvent | null })[]> => {
      const entries = await trx
        .selectFrom("chain")
        .selectAll()
        .where("seq", ">", after)
        .orderBy("seq")
        .limit(limit)
        .execute();
      const ids = entries.map(({ event }) => event);
      const events = await rowsOf(
        sql<SealedEvent>`select ${sealed} from evidence.audit_event e where e.id = any(${ids}::text[])`,
        trx,
      );
      const byId = new Map(events.map((event) => [event.id, event]));
      return entries.map((entry) => ({ ...entry, found: byId.get(entry.event) ?? null }));
    },
    /**
     * Events that no entry seals: `unsealed` counts those behind the head, which are the tail; `stray` names the place in
     * the chain before which the first of the others stands, where nothing can have been committed late.
     */
    unchained: async (trx: Trx<Tables>, { xid, place }: Place): Promise<{ unsealed: number; stray: number | null }> => {
      const loose = sql`evidence.audit_event e where not exists (select 1 from chain c where c.event = e.id)`;
      const at = sql`(${xid}::xid8, ${place}::bigint)`;
      const [tail] = await rowsOf(
        sql<{ n: number }>`select count(*) as n from ${loose} and (e.xid, e.seq) > ${at}`,
        trx,
      );
      const [first] = await rowsOf(
        sql<Place>`select e.xid::text as xid, e.seq as place from ${loose} and (e.xid, e.seq) <= ${at}
          order by e.xid, e.seq limit 1`,
        trx,
      );
      if (!first) return { unsealed: tail?.n ?? 0, stray: null };
      const [next] = await rowsOf(
        sql<{ seq: number }>`select seq from chain c
          where (c.xid, c.place) >= (${first.xid}::xid8, ${first.place}::bigint) order by c.seq limit 1`,
        trx,
      );
      return { unsealed: tail?.n ?? 0, stray: next?.seq ?? 1 };
    },
    /** The newest events, of one request or one thing that happened. */
    trail: ({
      request,
      what,
      limit,
    }: {
      request?: string | undefined;
      what?: string | undefined;
      limit: number;
    }): Promise<TrailEvent[]> =>
      rowsOf(
        sql<TrailEvent>`select e.id, c.seq, e.at, e.by, e.person, e.request, e.step, e.what, e.subject, e.data, e.receipts
          from evidence.audit_event e left join chain c on c.event = e.id
          where (${request ?? null}::text is null or e.request = ${request ?? null})
            and (${what ?? null}::text is null or e.what = ${what ?? null} or e.what like ${`${what ?? ""} %`})
          order by e.xid desc, e.seq desc limit ${limit}`,
        db,
      ),
    /** What cost wrote when it settled a run, newest first. */
    settled: (run: string): Promise<TrailEvent[]> =>
      rowsOf(
        sql<TrailEvent>`select e.id, c.seq, e.at, e.by, e.person, e.request, e.step, e.what, e.subject, e.data, e.receipts
          from evidence.audit_event e left join chain c on c.event = e.id
          where e.what = 'cost.spend_settled' and e.by = 'cost' and e.subject = ${run} order by e.xid desc, e.seq desc`,
        db,
      ),
    /**
     * What was live at a moment: of each deployment the newest `deployment.live` receipt given by then and not taken back
     * by then. Gives receipt ids by deployment.
     */
    liveAt: (at: string, deployment: string | null): Promise<{ deployment: string; receipt: string; at: string }[]> =>
      rowsOf(
        sql<{ deployment: string; receipt: string; at: string }>`
          select distinct on (r.about->>'deployment') r.about->>'deployment' as deployment, r.id as receipt, r.at
          from evidence.receipt r left join evidence.revocation v on v.receipt = r.id
          where r.fact = 'deployment.live' and r.verdict = 'passed' and r.at <= ${at}::timestamptz
            and (v.at is null or v.at > ${at}::timestamptz)
            and (${deployment}::text is null or r.about->>'deployment' = ${deployment})
          order by r.about->>'deployment', r.at desc, r.seq desc`,
        db,
      ),
  };
}
