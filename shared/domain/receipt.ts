import { z } from "zod";

/**
 * A receipt: the signed record of a fact. `about` is everything the verdict depends on, `subject` its SHA-256,
 * `uses` the receipts it was derived from. Signed (Ed25519, key of the process's nkey) over the canonical JSON
 * of all fields but `signature`.
 */
export const Receipt = z.object({
  id: z.string(),
  fact: z.string(),
  about: z.record(z.string(), z.unknown()),
  subject: z.string(),
  value: z.unknown(),
  verdict: z.enum(["passed", "failed"]),
  by: z.string(),
  request: z.string().nullable(),
  person: z.string().nullable(),
  uses: z.array(z.string()),
  at: z.iso.datetime(),
  expires: z.iso.datetime().nullable(),
  signature: z.string(),
});
export type Receipt = z.infer<typeof Receipt>;

/** What a person asked to be done on their own: plan only, ask before writes, or ask before what can't be undone. */
export const Autonomy = z.enum(["observe", "propose", "act"]);
export type Autonomy = z.infer<typeof Autonomy>;

/** Roles of persons; rows of governance. */
export const Role = z.enum(["viewer", "analyst", "engineer", "approver", "admin"]);
export type Role = z.infer<typeof Role>;
