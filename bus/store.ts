import { type Database, openDatabase } from "@muster/shared/database/open.ts";
import type { Receipt } from "@muster/shared/domain/receipt.ts";
import { type Kysely, sql } from "kysely";
import type pg from "pg";
import type { Message, Outcome } from "./message.ts";
import { together } from "./together.ts";

// biome-ignore lint/suspicious/noExplicitAny: any agent's transaction carries evidence; its own tables don't matter here
type Runner = Kysely<any>;

/** A receipt as it stands in the database: the signed document and its signature. */
export type StoredReceipt = { id: string; document: string; signature: string };

/** A receipt that is revoked (`key` null) or used up by the call of that key. */
type Spent = { receipt: string; key: string | null };

/** The only SQL over schema `evidence`. Writes go through its functions, which stamp the role of the session. */
export type EvidenceStore = ReturnType<typeof evidenceStore>;

/** Gives the evidence store of one process over its own pool. */
export function evidenceStore(pool: pg.Pool) {
  // biome-ignore lint/suspicious/noExplicitAny: see Runner
  const db: Database<any> = openDatabase<any>(pool);
  // Every gated call asks this: prepared by the server, and one query for all calls that came in while another was out.
  const spentOf = together(
    async (ids) =>
      (
        await pool.query<Spent>({
          name: "evidence_spent",
          text: `select receipt, null as key from evidence.revocation where receipt = any($1::text[])
                 union all select receipt, key from evidence.consumption where receipt = any($1::text[])`,
          values: [ids],
        })
      ).rows,
  );
  return {
    db,
    /** Receipts by id; ids that don't exist are left out. */
    receipts: async (ids: readonly string[]): Promise<StoredReceipt[]> =>
      (
        await sql<StoredReceipt>`select id, document, signature from evidence.receipt where id = any(${ids}::text[])`.execute(
          db,
        )
      ).rows,

    /** Which of these receipts are revoked, and which are used up and by which key: as of now, never from memory. */
    spent: async (ids: readonly string[]): Promise<Spent[]> => {
      const asked = new Set(ids);
      return (await spentOf(ids)).filter(({ receipt }) => asked.has(receipt));
    },

    /** The newest standing receipt of a fact whose `about` contains the given part; null without one. */
    newest: async (fact: string, about: Record<string, unknown>): Promise<StoredReceipt | null> =>
      (
        await sql<StoredReceipt>`
          select id, document, signature from evidence.receipt r
          where fact = ${fact} and about @> ${JSON.stringify(about)}::jsonb
            and (expires is null or expires > clock_timestamp())
            and not exists (select 1 from evidence.revocation v where v.receipt = r.id)
          order by seq desc limit 1`.execute(db)
      ).rows[0] ?? null,

    /** Every standing receipt of a fact whose `about` contains the given part, newest first; `from`: as a transaction sees it. */
    standing: async (
      fact: string,
      about: Record<string, unknown>,
      limit = 1000,
      from: Runner = db,
    ): Promise<StoredReceipt[]> =>
      (
        await sql<StoredReceipt>`
          select id, document, signature from evidence.receipt r
          where fact = ${fact} and about @> ${JSON.stringify(about)}::jsonb
            and (expires is null or expires > clock_timestamp())
            and not exists (select 1 from evidence.revocation v where v.receipt = r.id)
          order by seq desc limit ${limit}`.execute(from)
      ).rows,

    /** Every receipt of a fact whose `about` contains the given part, newest first: those taken back or expired too. */
    given: async (fact: string, about: Record<string, unknown>, limit = 1000): Promise<StoredReceipt[]> =>
      (
        await sql<StoredReceipt>`
          select id, document, signature from evidence.receipt
          where fact = ${fact} and about @> ${JSON.stringify(about)}::jsonb order by seq desc limit ${limit}`.execute(
          db,
        )
      ).rows,

    /** Every standing receipt, of whatever fact, whose `about` contains the given part, oldest first. */
    standingAbout: async (about: Record<string, unknown>): Promise<StoredReceipt[]> =>
      (
        await sql<StoredReceipt>`
          select id, document, signature from evidence.receipt r
          where about @> ${JSON.stringify(about)}::jsonb and (expires is null or expires > clock_timestamp())
            and not exists (select 1 from evidence.revocation v where v.receipt = r.id)
          order by seq`.execute(db)
      ).rows,
    /** Every receipt that was given in a request, oldest first. */
    ofRequest: async (request: string): Promise<StoredReceipt[]> =>
      (
        await sql<StoredReceipt>`
          select id, document, signature from evidence.receipt r where request = ${request}
            and not exists (select 1 from evidence.revocation v where v.receipt = r.id) order by seq`.execute(db)
      ).rows,

    give: async (trx: Runner, receipt: Receipt, document: string): Promise<void> => {
      const { signature, ...body } = receipt;
      await sql`select evidence.give(${JSON.stringify(body)}::jsonb, ${document}, ${signature})`.execute(trx);
    },
    revoke: async (trx: Runner, receipt: string, reason: string): Promise<void> => {
      await sql`select evidence.revoke(${receipt}, ${reason})`.execute(trx);
    },
    consume: async (trx: Runner, receipt: string, key: string): Promise<boolean> =>
      (await sql<{ ok: boolean }>`select evidence.consume(${receipt}, ${key}) as ok`.execute(trx)).rows[0]!.ok,

    takeLease: async (key: string, tool: string, owner: string, seconds: number): Promise<number | null> =>
      (
        await sql<{
          epoch: number | null;
        }>`select evidence.take_lease(${key}, ${tool}, ${owner}, ${seconds}) as epoch`.execute(db)
      ).rows[0]!.epoch,
    renewLease: async (key: string, owner: string, epoch: number, seconds: number): Promise<boolean> =>
      (
        await sql<{ ok: boolean }>`select evidence.renew_lease(${key}, ${owner}, ${epoch}, ${seconds}) as ok`.execute(
          db,
        )
      ).rows[0]!.ok,
    releaseLease: async (key: string, owner: string, epoch: number): Promise<void> => {
      await sql`select evidence.release_lease(${key}, ${owner}, ${epoch})`.execute(db);
    },
    holdLease: async (trx: Runner, key: string, owner: string, epoch: number): Promise<boolean> =>
      (await sql<{ ok: boolean }>`select evidence.hold_lease(${key}, ${owner}, ${epoch}) as ok`.execute(trx)).rows[0]!
        .ok,

    result: async (key: string): Promise<{ input_hash: string; tool: string; outcome: Outcome } | null> =>
      (
        await sql<{
          input_hash: string;
          tool: string;
          outcome: Outcome;
        }>`select input_hash, tool, outcome from evidence.result where key = ${key}`.execute(db)
      ).rows[0] ?? null,
    storeResult: async (trx: Runner, key: string, tool: string, inputHash: string, outcome: Outcome): Promise<void> => {
      await sql`select evidence.store_result(${key}, ${tool}, ${inputHash}, ${JSON.stringify(outcome)}::jsonb)`.execute(
        trx,
      );
    },

    enqueue: async (trx: Runner, message: Message, process: string): Promise<void> => {
      await sql`select evidence.enqueue(${message.key}, ${message.tool}, ${JSON.stringify(message)}::jsonb, ${message.request}, ${process})`.execute(
        trx,
      );
    },
    job: async (key: string): Promise<{ message: Message; cancelled: boolean } | null> =>
      (
        await sql<{
          message: Message;
          cancelled: boolean;
        }>`select message, cancelled from evidence.job where key = ${key}`.execute(db)
      ).rows[0] ?? null,
    /** Jobs of a process that have no result yet, oldest first: what Redis must hold. */
    openJobs: async (process: string): Promise<string[]> =>
      (
        await sql<{ key: string }>`
          select key from evidence.job j where process = ${process}
            and not exists (select 1 from evidence.result r where r.key = j.key) order by at`.execute(db)
      ).rows.map((row) => row.key),
    cancelJobs: async (request: string): Promise<void> => {
      await sql`select evidence.cancel_jobs(${request})`.execute(db);
    },

    emit: async (trx: Runner, event: string, payload: object): Promise<void> => {
      await sql`select evidence.emit(${event}, ${JSON.stringify(payload)}::jsonb)`.execute(trx);
    },
    audit: async (trx: Runner, event: object): Promise<void> => {
      await sql`select evidence.audit(${JSON.stringify(event)}::jsonb)`.execute(trx);
    },
    /**
     * Events after a cursor in commit order, only those that no running transaction can still precede.
     * The cursor is `{xid, seq}` of the last one read.
     */
    outbox: async (after: { xid: string; seq: number }, events: readonly string[], limit = 200) =>
      (
        await sql<{
          seq: number;
          xid: string;
          event: string;
          payload: Record<string, unknown>;
          by: string;
          at: string;
        }>`
          select seq, xid::text as xid, event, payload, by, at from evidence.outbox
          where (xid, seq) > (${after.xid}::xid8, ${after.seq}::bigint) and xid < pg_snapshot_xmin(pg_current_snapshot())
            and event = any(${events}::text[])
          order by xid, seq limit ${limit}`.execute(db)
      ).rows,

    putArtifact: async (hash: string, media: string, bytes: Uint8Array): Promise<void> => {
      await sql`select evidence.put_artifact(${hash}, ${media}, ${Buffer.from(bytes)})`.execute(db);
    },
    getArtifact: async (hash: string): Promise<{ bytes: Uint8Array; media: string } | null> =>
      (
        await sql<{
          bytes: Uint8Array;
          media: string;
        }>`select bytes, media from evidence.artifact where hash = ${hash}`.execute(db)
      ).rows[0] ?? null,
  };
}
