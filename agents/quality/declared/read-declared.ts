import type { Process } from "@muster/bus/process.ts";
import type { QualityStore } from "../store.ts";
import { takeBack } from "../take-back.ts";
import { Declaration } from "./declaration.ts";

/** What catalog says when it has read the tests of a project. */
const event = "catalog.expectations_declared";
/** Anybody may put an event into the outbox under any name; these are the processes whose word counts. */
const sayers: readonly string[] = ["catalog", "catalog-worker"];
const batch = 100;

/** What reading declarations stands on. */
export type Reading = Pick<Process, "evidence" | "log" | "lake" | "now"> & { store: QualityStore };

/**
 * Reads on in the outbox: what a project declares of a dataset binds from now on, so what was checked without it is taken
 * back, in the transaction that moves the cursor on. Gives how many events were read.
 */
export async function readDeclared({ store, evidence, log, lake, now }: Reading): Promise<number> {
  let read = 0;
  await store.declared.reading(async (trx, from) => {
    const found = await evidence.store.outbox(from, [event], batch);
    for (const { payload, by, seq } of found) {
      const said = Declaration.safeParse(payload);
      if (!said.success || !sayers.includes(by)) {
        // It would stand in the way of all that come after it.
        log.error({ seq, by }, "a declaration of expectations can't be read and is left out");
        continue;
      }
      if (await store.declared.put(trx, said.data, now().toISOString()))
        await takeBack({ lake, evidence }, trx, said.data.dataset, `${said.data.by} declared its tests`);
    }
    read = found.length;
    const last = found.at(-1);
    return last ? { xid: last.xid, seq: last.seq } : from;
  });
  return read;
}
