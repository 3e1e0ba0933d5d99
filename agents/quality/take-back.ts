import type { Evidence } from "@muster/bus/evidence.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";

/** Takes back, inside the given transaction, that versions of a dataset were checked: what is expected of it has changed since. */
export async function takeBack(
  { lake, evidence }: { lake: Lake; evidence: Evidence },
  trx: Parameters<Evidence["store"]["revoke"]>[0],
  dataset: string,
  why: string,
): Promise<void> {
  for (const pin of await lake.versions(dataset))
    for (const fact of ["quality.passed", "expectations.checked"] as const)
      for (const receipt of await evidence.standing(fact, { dataset: pin }))
        await evidence.store.revoke(trx, receipt.id, why);
}
