import type { Process } from "@muster/bus/process.ts";
import { LineageRecord, lineageRecorded, saidBy } from "@muster/shared/domain/lineage.ts";
import type { CatalogStore } from "../store.ts";

const batch = 100;

/**
 * Reads on in the outbox: what runs said they read and wrote becomes part of the graph, once, in the transaction that moves
 * the cursor on. A record that isn't its sayer's to say is left out. Gives how many were read.
 */
export async function readLineage({
  store,
  evidence,
  log,
}: Pick<Process, "evidence" | "log"> & { store: CatalogStore }): Promise<number> {
  let read = 0;
  await store.lineage.reading(async (trx, from) => {
    const found = await evidence.store.outbox(from, [lineageRecorded], batch);
    for (const { payload, by, at, seq } of found) {
      const said = LineageRecord.safeParse(payload);
      if (!said.success || !saidBy(by, said.data)) {
        // It would stand in the way of all that come after it.
        log.error({ seq, by }, "a record of lineage isn't one that this process may say; it is left out");
        continue;
      }
      // What came from outside stands in the graph already.
      if (said.data.origin === "ours") await store.lineage.add(trx, said.data, new Date(at).toISOString());
    }
    read = found.length;
    const last = found.at(-1);
    return last ? { xid: last.xid, seq: last.seq } : from;
  });
  return read;
}
