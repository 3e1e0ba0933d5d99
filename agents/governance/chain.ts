import { hashOf } from "@muster/shared/canonical.ts";
import type { AuditEvent, ChainEntry, ChainHead, ChainVerdict } from "@muster/shared/domain/audit-event.ts";

/**
 * An event as it is sealed: everything that stands in its row. `data` is as the store reads it back (text, so that no
 * number is rounded on the way), `xid` and `place` are where it stands in commit order.
 */
export type SealedEvent = Omit<AuditEvent, "seq" | "data"> & { data: string; xid: string; place: number };

/** What the chain asks of an event; whatever else it holds is sealed with it. */
type Sealable = { id: string };
type Placed = Sealable & { seq: number | null };

/** The head of the empty chain: what the first entry points back to. */
export const genesis: ChainHead = { seq: 0, hash: "0".repeat(64) };

/**
 * SHA-256 over the place, the hash before it and the whole event; its own `seq` is given by the place. An event must
 * come back from the store as it was sealed: the same text of `at`, the same JSON in `data`.
 */
function hashEntry(seq: number, prev: string, event: Sealable): string {
  const { seq: _, ...content } = { seq: null, ...event };
  return hashOf({ seq, prev, event: content });
}

/**
 * The entries that seal events, in the order given, behind a head. The caller orders them by commit.
 */
export function seal(head: ChainHead, events: readonly Sealable[]): ChainEntry[] {
  let { seq, hash } = head;
  return events.map((event) => {
    const prev = hash;
    seq += 1;
    hash = hashEntry(seq, prev, event);
    return { seq, event: event.id, hash, prev };
  });
}

/** The head after some entries: the last one's, or the one before them where there are none. */
export function headOf(entries: ChainEntry[], before: ChainHead = genesis): ChainHead {
  const last = entries.at(-1);
  return last ? { seq: last.seq, hash: last.hash } : before;
}

/** What is wrong with the entry at a place, or null. */
function wrongAt(before: ChainHead, entry: ChainEntry, event: Placed | undefined): string | null {
  const seq = before.seq + 1;
  if (entry.seq !== seq) return `entry ${seq} is missing`;
  if (entry.prev !== before.hash) return `entry ${seq} does not follow the one before it`;
  if (!event) return `the event of entry ${seq} is missing`;
  if (event.id !== entry.event) return `entry ${seq} seals another event than stands there`;
  if (hashEntry(seq, entry.prev, event) !== entry.hash) return `the event of entry ${seq} was changed`;
  return null;
}

/**
 * Verifies a chain against the events it seals and the heads anchored outside the database.
 * Finds an edited, deleted, inserted or reordered event or entry by the chain itself, a tail cut off or a chain
 * rewritten as a whole by the anchors (without one neither can be seen). `entries` in order of `seq`; `events` in
 * any order: those with `seq` null are the unsealed tail. `from` is the head before the first entry, for a part of a
 * chain that was verified up to there.
 */
export function verify(
  entries: ChainEntry[],
  events: readonly Placed[],
  anchors: ChainHead[],
  from: ChainHead = genesis,
): ChainVerdict {
  const sealed = new Map(events.filter((event) => event.seq !== null).map((event) => [event.seq, event]));
  const unsealed = events.filter((event) => event.seq === null).length;
  const anchored = new Map(anchors.map((anchor) => [anchor.seq, anchor.hash]));
  let head = from;
  const bad = (seq: number, reason: string): ChainVerdict => ({
    ok: false,
    events: head.seq - from.seq,
    unsealed,
    head,
    firstBad: seq,
    reason,
  });
  for (const entry of entries) {
    const seq = head.seq + 1;
    const wrong = wrongAt(head, entry, sealed.get(seq));
    if (wrong) return bad(seq, wrong);
    const anchor = anchored.get(seq);
    if (anchor !== undefined && anchor !== entry.hash) return bad(seq, `entry ${seq} is not the one that was anchored`);
    head = { seq, hash: entry.hash };
  }
  const furthest = Math.max(...anchored.keys(), 0);
  if (furthest > head.seq) return bad(head.seq + 1, `the chain was cut: it is anchored up to entry ${furthest}`);
  const stray = [...sealed.keys()].find((seq) => seq! > head.seq || seq! <= from.seq);
  if (stray !== undefined || sealed.size + unsealed !== events.length)
    return bad(stray ?? head.seq + 1, "an event claims a place that no entry seals");
  return { ok: true, events: head.seq - from.seq, unsealed, head, firstBad: null, reason: null };
}
