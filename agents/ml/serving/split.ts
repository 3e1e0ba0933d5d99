import { createHash } from "node:crypto";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";

/**
 * How requests are answered beside the live version of a name. `arms`: versions that answer a share of the entities, the
 * rest is the live version's; `shadow`: versions that score every keyed row and whose answers never reach the caller;
 * `controlPercent`: entities, drawn apart from the arms, whose answer is never to be acted on. `salt` is the split's own: the
 * same entity always falls on the same side, and another split draws anew.
 */
export const Split = z.object({
  salt: z.string().min(1),
  arms: z.array(z.object({ version: z.number().int().positive(), trafficPercent: z.number().gt(0).max(100) })),
  shadow: z.array(z.number().int().positive()),
  controlPercent: z.number().min(0).max(50),
});
export type Split = z.infer<typeof Split>;

/** Refuses a split whose shares add up to more than 100 %, that names a version twice or the live one, or that splits nothing. */
export function checkSplit(split: Split, live: number): Split {
  const { arms, shadow, controlPercent } = Split.parse(split);
  const named = [...arms.map(({ version }) => version), ...shadow];
  const sum = arms.reduce((all, { trafficPercent }) => all + trafficPercent, 0);
  if (sum > 100) throw fault("invalid_input", `the shares of traffic add up to ${sum} %; at most 100 % can be split`);
  if (new Set(named).size < named.length) throw fault("invalid_input", "a version is named twice in one split");
  if (named.includes(live))
    throw fault("invalid_input", `version ${live} is the live one and has what the others leave; leave it out`);
  if (named.length === 0 && controlPercent === 0) throw fault("invalid_input", "this splits nothing; name a version");
  return split;
}

/** The share, 0..1, that a key falls on for one purpose of a split: uniform over keys (SHA-256, its first 48 bits). */
export function shareOf(salt: string, purpose: "arm" | "control", key: string): number {
  const digest = createHash("sha256").update(`${salt}\u0000${purpose}\u0000${key}`).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

/** Which version answers an entity (null: the live one), and whether it is of the control share. Rows without a key aren't split. */
export function sideOf(split: Split, key: string | null): { version: number | null; control: boolean } {
  if (key === null) return { version: null, control: false };
  const at = 100 * shareOf(split.salt, "arm", key);
  let upTo = 0;
  let version: number | null = null;
  for (const arm of split.arms) {
    upTo += arm.trafficPercent;
    if (at < upTo) {
      version = arm.version;
      break;
    }
  }
  const control = split.controlPercent > 0 && 100 * shareOf(split.salt, "control", key) < split.controlPercent;
  return { version, control };
}
