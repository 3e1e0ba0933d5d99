import { type Evidence, newId } from "@muster/bus/evidence.ts";
import type { Trx } from "@muster/shared/database/open.ts";
import type { Tables } from "../store.ts";

/** What a finished run was settled at. */
export type Spent = {
  run: string;
  request: string | null;
  reservation: string;
  usd: number;
  cpuSeconds: number;
  seconds: number;
  peakMemoryMb: number;
};

/** Puts what a run cost into the audit, in the transaction that settles it: "at what cost" is answered from there. */
export async function tellSpent(
  { store }: Pick<Evidence, "store">,
  trx: Trx<Tables>,
  { run, request, ...data }: Spent,
  at: string,
): Promise<void> {
  await store.audit(trx, {
    ...{ id: newId("aud"), at, what: "cost.spend_settled", subject: run },
    ...{ person: null, request, step: null, data, receipts: [] },
  });
}
