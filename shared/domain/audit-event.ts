import { z } from "zod";

/**
 * One thing that happened, written in the transaction of its effect.
 * `seq`: its place in the sealed chain, null until sealed. `by`: the process. `what`: noun and past tense
 * ("training.cleared"). `data`: small JSON without cell values. Receipts stand by id.
 */
export const AuditEvent = z.object({
  id: z.string().min(1),
  seq: z.number().int().positive().nullable(),
  at: z.iso.datetime(),
  by: z.string().min(1),
  person: z.string().nullable(),
  request: z.string().nullable(),
  step: z.string().nullable(),
  what: z.string().regex(/^[a-z_]+\.[a-z_]+$/),
  subject: z.string(),
  data: z.record(z.string(), z.json()),
  receipts: z.array(z.string()),
});
export type AuditEvent = z.infer<typeof AuditEvent>;

/** The seal of one event: SHA-256 over its place, the hash before it and the event. */
export const ChainEntry = z.object({
  seq: z.number().int().positive(),
  event: z.string(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  prev: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ChainEntry = z.infer<typeof ChainEntry>;

/** The end of a chain: what is anchored outside the database. `seq` 0 is the empty chain. */
export const ChainHead = z.object({
  seq: z.number().int().nonnegative(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ChainHead = z.infer<typeof ChainHead>;

/**
 * The result of verifying a chain.
 * `firstBad`: the first place that does not hold, null when all do; `reason` says what is wrong there.
 * `unsealed`: events not yet in the chain (an unsealed tail is reported, not an error).
 */
export const ChainVerdict = z.object({
  ok: z.boolean(),
  events: z.number().int().nonnegative(),
  unsealed: z.number().int().nonnegative(),
  head: ChainHead,
  firstBad: z.number().int().positive().nullable(),
  reason: z.string().nullable(),
});
export type ChainVerdict = z.infer<typeof ChainVerdict>;
