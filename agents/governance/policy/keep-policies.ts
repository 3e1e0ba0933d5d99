import { existsSync } from "node:fs";
import { asFault, type Fault, fault } from "@muster/shared/fault.ts";
import { type PolicyFiles, policiesOf, readPolicyFiles, stampOf } from "./load-policies.ts";
import type { PolicyFile, PolicySet } from "./policy-set.ts";

/** Files that nobody decides by, since they can't be read as policies; what decided before goes on to decide. */
export type RefusedPolicies = { file: string | null; message: string; since: string };

/** What happened to the policies: `files` are the team's own. */
export type PolicyNews =
  | { what: "policies_changed"; hash: string; policies: number; files: string[] }
  | { what: "policies_refused"; hash: string; file: string | null; message: string };

/** The policies in force. */
export type PolicyKeeper = {
  /** The set to decide by now: read anew where a file changed since the last question. */
  current: () => Promise<PolicySet>;
  /** Why what stands in the folder isn't what decides; null where it is. */
  refused: () => RefusedPolicies | null;
};

/** What keeping policies stands on. `last`: the team's files that were in force last, of an earlier start too. */
export type Keeping = {
  folder: string;
  now: () => Date;
  last: () => Promise<PolicyFile[] | null>;
  keep: (set: PolicySet, files: PolicyFiles) => Promise<void>;
  tell: (news: PolicyNews) => Promise<void>;
};

/**
 * Keeps the policies of a folder up to date: every question looks whether a file changed (names, sizes, times) and takes
 * the new set if all of it is valid. A file that is broken, unreadable, or a folder that is gone with the team's policies
 * in it, never weakens anything: the set before stays in force, also over a restart, and the refusal is told once.
 * Throws the fault of the files where there is no set before.
 */
export async function keepPolicies({ folder, now, last, keep, tell }: Keeping): Promise<PolicyKeeper> {
  let inForce: { set: PolicySet; files: PolicyFiles };
  let refused: RefusedPolicies | null = null;
  let seen: string | null = null;
  let looking: Promise<void> | null = null;

  async function take(files: PolicyFiles, set: PolicySet): Promise<void> {
    await keep(set, files);
    inForce = { set, files };
  }

  async function refuse(known: Fault): Promise<void> {
    const file = typeof known.data.file === "string" ? known.data.file : null;
    if (refused?.message === known.message) return;
    refused = { file, message: known.message, since: now().toISOString() };
    await tell({ what: "policies_refused", hash: inForce.set.hash, file, message: known.message });
  }

  async function readAnew(): Promise<void> {
    const files = await readPolicyFiles(folder);
    if (inForce.files.theirs.length > 0 && files.theirs.length === 0 && !existsSync(folder))
      throw fault("unavailable", "the folder of the team's policies is gone; put it back, or leave it there empty");
    const set = policiesOf(files);
    refused = null;
    if (set.hash === inForce.set.hash) return;
    await take(files, set);
    const theirs = files.theirs.map(({ name }) => name);
    await tell({ what: "policies_changed", hash: set.hash, policies: set.notes.size, files: theirs });
  }

  async function look(): Promise<void> {
    const stamp = await stampOf(folder).catch(() => null);
    if (stamp !== null && stamp === seen) return;
    try {
      await readAnew();
      seen = stamp;
    } catch (error) {
      const known = asFault(error);
      // A fault of ours, such as a database that is away, is no word on the files: they are looked at again.
      if (known.code === "internal") throw error;
      await refuse(known);
      seen = stamp;
    }
  }

  try {
    const files = await readPolicyFiles(folder);
    seen = await stampOf(folder);
    await take(files, policiesOf(files));
  } catch (error) {
    const theirs = await last();
    if (theirs === null) throw error;
    const before = { ...(await readPolicyFiles(null)), theirs };
    inForce = { set: policiesOf(before), files: before };
    await refuse(asFault(error));
  }
  return {
    current: async () => {
      looking ??= look().finally(() => {
        looking = null;
      });
      await looking;
      return inForce.set;
    },
    refused: () => refused,
  };
}
