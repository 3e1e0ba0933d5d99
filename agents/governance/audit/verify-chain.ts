import type { ChainHead, ChainVerdict } from "@muster/shared/domain/audit-event.ts";
import { genesis, verify } from "../chain.ts";
import type { GovernanceStore } from "../store.ts";
import type { Anchors } from "./anchors.ts";

const page = 5000;

/**
 * Verifies the whole chain over one picture of the database, from what stands in the audit table, page by page.
 * Beside what `verify` finds: an event put in where the chain had already sealed, an entry moved in commit order, anchors
 * that can't be read or are gone.
 */
export async function verifyChain(audit: GovernanceStore["audit"], anchors: Anchors): Promise<ChainVerdict> {
  const { heads, broken } = await anchors.read();
  return audit.picture(async (trx) => {
    const end = await audit.head(trx);
    const { unsealed, stray } = await audit.unchained(trx, end);
    let from: ChainHead = genesis;
    let events = 0;
    const bad = (firstBad: number, reason: string): ChainVerdict => ({
      ...{ ok: false, events, unsealed, head: from, firstBad, reason },
    });
    for (;;) {
      const entries = await audit.entries(trx, from.seq, page);
      const last = entries.length < page;
      const found = entries.flatMap(({ seq, found: event }) => (event ? [{ ...event, seq }] : []));
      const upTo = entries.at(-1)?.seq ?? from.seq;
      // Anchors beyond this page are the next pages' to meet.
      const met = last ? heads : heads.filter((head) => head.seq <= upTo);
      const verdict = verify(
        entries.map(({ seq, event, hash, prev }) => ({ seq, event, hash, prev })),
        found,
        met,
        from,
      );
      const moved = entries.find((e) => e.found && (e.found.xid !== e.xid || e.found.place !== e.place));
      const firstBad = Math.min(
        verdict.firstBad ?? Number.POSITIVE_INFINITY,
        moved?.seq ?? Number.POSITIVE_INFINITY,
        stray !== null && stray <= upTo ? stray : Number.POSITIVE_INFINITY,
      );
      events += verdict.events;
      from = verdict.head;
      if (verdict.firstBad !== null && verdict.firstBad === firstBad) return bad(firstBad, verdict.reason!);
      if (moved?.seq === firstBad) return bad(firstBad, `entry ${firstBad} stands elsewhere in commit order`);
      if (stray === firstBad) return bad(firstBad, `an event was put in before entry ${firstBad}`);
      if (last) break;
    }
    if (broken !== null) return bad(from.seq + 1, `line ${broken} of the anchors can't be read`);
    if (from.seq > 0 && heads.length === 0)
      return bad(1, "nothing anchors the chain: audit/anchors.jsonl of the data folder is gone");
    return { ok: true, events, unsealed, head: from, firstBad: null, reason: null };
  });
}
