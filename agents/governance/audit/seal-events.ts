import type { ChainHead } from "@muster/shared/domain/audit-event.ts";
import { headOf, seal } from "../chain.ts";
import type { GovernanceStore } from "../store.ts";
import type { Anchors } from "./anchors.ts";

const batch = 1000;

/** Seals what was committed since and anchors the head. */
export type Sealer = {
  /** Gives how many events were sealed; 0 where another process is at it. */
  seal: () => Promise<number>;
  /** Runs work while this process doesn't seal: between an entry's commit and its anchor nothing is looked at. */
  still: <T>(work: () => Promise<T>) => Promise<T>;
};

/** Makes the sealer over governance's store and the anchors outside the database. */
export async function openSealer(audit: GovernanceStore["audit"], anchors: Anchors, now: () => Date): Promise<Sealer> {
  let anchored = (await anchors.read()).heads.at(-1)?.seq ?? 0;
  let turn: Promise<unknown> = Promise.resolve();
  const still = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };

  async function once(): Promise<number> {
    let sealed = 0;
    let head: ChainHead | null = null;
    await audit.sealing(async (trx) => {
      const before = await audit.head(trx);
      const events = await audit.behind(trx, before, batch);
      const entries = seal(before, events);
      sealed = entries.length;
      head = headOf(entries, { seq: before.seq, hash: before.hash });
      if (sealed > 0)
        await audit.append(
          trx,
          entries.map((entry, i) => ({ ...entry, xid: events[i]!.xid, place: events[i]!.place })),
        );
    });
    // After the commit: an anchor for entries that were rolled back would look like a chain cut off. A crash in between
    // leaves the head to be anchored by the next round.
    if (head && (head as ChainHead).seq > anchored) {
      await anchors.add(head, now().toISOString());
      anchored = (head as ChainHead).seq;
    }
    return sealed;
  }

  return {
    still,
    seal: () =>
      still(async () => {
        let total = 0;
        for (let n = batch; n === batch; total += n) n = await once();
        return total;
      }),
  };
}
