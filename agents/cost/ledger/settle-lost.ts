import { usd } from "../price.ts";
import type { Settling } from "./settle-events.ts";

/** A reservation that no step has used by now won't be: the acceptance it was made under has expired. */
const unusedMs = 25 * 60 * 60_000;

const before = (now: Date): string => new Date(now.getTime() - unusedMs).toISOString();

/** Frees reservations that nobody can use any more, of requests whose end wasn't heard of. Gives how many. */
export const freeUnused = ({ store, now }: Pick<Settling, "store" | "now">): Promise<number> =>
  store.ledger.free({ before: before(now()) }, now().toISOString());

const amount = (value: unknown): number => (typeof value === "number" && value >= 0 ? value : 0);

/**
 * Settles reservations whose step ended without an event that tells of it: by the fault that its call came to, with what
 * that says was used; `lost`, at all that was reserved, where nothing was ever heard again. Gives how many.
 */
export async function settleLost({ store, now, prices }: Omit<Settling, "evidence" | "log">): Promise<number> {
  const found = await store.ledger.lost(before(now()));
  if (found.length === 0) return 0;
  const table = await prices();
  const at = now().toISOString();
  await store.ledger.locked(async (trx) => {
    for (const { id, usd: reserved, code, data } of found) {
      const use = {
        cpuSeconds: amount(data?.cpuSeconds),
        seconds: amount(data?.seconds),
        peakMemoryMb: amount(data?.peakMemoryMb),
      };
      const spent = code === null ? reserved : usd(table, { ...use, memoryMb: use.peakMemoryMb });
      await store.ledger.settle(trx, id, { ...use, usd: spent }, { run: null, outcome: code ?? "lost", at });
    }
  });
  return found.length;
}
