import type { LineagePart } from "@muster/shared/domain/lineage.ts";
import type { Trace } from "./trace.ts";

/** A row of the log; the fields never hold values of data. */
export type Log = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

// The transaction's type belongs to each agent's store; the bus only passes it through.
// biome-ignore lint/suspicious/noExplicitAny: a store narrows it to its own tables
export type AnyTrx = any;

/** What a tool's `run` gets beside its input; an agent's own dependencies are merged in. */
export type Context = {
  request: string | null;
  step: string | null;
  /** Who asks, as the shown `request.accepted` says; null for a read that shows none. */
  person: string | null;
  roles: readonly string[];
  purpose: string | null;
  /** The idempotency key of this call. */
  key: string;
  attempt: number;
  signal: AbortSignal;
  /** Epoch milliseconds by which the answer must be there. */
  deadline: number;
  trace: Trace;
  now: () => Date;
  /** A new id: `id("run")` → `run_…`. Derived from the key: a redelivery makes the same ids. */
  id: (prefix: string) => string;
  /** The seed of everything random in this call, recorded with it. */
  seed: number;
  log: Log;
  /** Work for the final transaction: effects, receipts, audit and result stand or fall together. Runs in order, after `run`. */
  commit: (work: (trx: AnyTrx) => Promise<void>) => void;
  /** Work for right after that transaction: what must not happen before it stands. */
  after: (work: () => void) => void;
  /** An audit event in that transaction. */
  audit: (what: string, subject: string, data: Record<string, unknown>) => void;
  /** An event in the outbox of that transaction, sent on the bus afterwards. */
  emit: (pastTense: string, payload: Record<string, unknown>) => void;
  /**
   * Says what this call reads and writes: exact dataset versions, views, models. Said as soon as it is known, so that a call
   * that fails is told of too; recorded in that transaction, so that there is lineage exactly where there is an effect.
   */
  lineage: (part: LineagePart) => void;
  /** Takes a receipt back in that transaction. */
  revoke: (receipt: string, reason: string) => void;
  /** Sets the value of a fact that this call gives where that isn't the output: what must not travel in the reply. */
  value: (fact: string, value: unknown) => void;
  /** Stores bytes under their SHA-256 and gives the hash; at once, since content can't be half done. */
  putArtifact: (bytes: Uint8Array, media: string) => Promise<string>;
  getArtifact: (hash: string) => Promise<Uint8Array>;
  /** Tells how far long work is: share 0..1 and what it does now. */
  progress: (share: number, note: string) => void;
  /** Who confirmed exactly these arguments, where the tool wants that. */
  confirmer: { person: string; roles: readonly string[] } | null;
  /** The receipts shown, verified: for tools that record them (an audit, a schedule). */
  shown: readonly { id: string; fact: string; about: Record<string, unknown>; at: string }[];
};
