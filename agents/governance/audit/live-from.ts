import type { Evidence } from "@muster/bus/evidence.ts";
import type { Receipt } from "@muster/shared/domain/receipt.ts";
import type { FactName, FactValue } from "@muster/shared/fact/table.ts";
import { z } from "zod";

/** What was live, and why it was allowed to be. */
export const Live = z.object({
  deployment: z.string(),
  version: z.number().int(),
  hash: z.string(),
  since: z.string(),
  receipt: z.string(),
  request: z.string().nullable(),
  askedBy: z.string().nullable(),
  purpose: z.string().nullable(),
  cleared: z.object({ receipt: z.string(), at: z.string(), policies: z.array(z.string()) }).nullable(),
  approved: z.object({ receipt: z.string(), at: z.string(), by: z.string(), what: z.string() }).nullable(),
  /** What the run took; USD as reserved beforehand and as settled (null where cost hasn't settled it yet). */
  cost: z
    .object({
      run: z.string(),
      cpuSeconds: z.number(),
      seconds: z.number(),
      peakMemoryMb: z.number(),
      estimatedUsd: z.number().nullable(),
      limitUsd: z.number().nullable(),
      actualUsd: z.number().nullable(),
    })
    .nullable(),
  /** How good it was on the hold-out, and how even between protected groups. */
  evaluated: z
    .object({
      receipt: z.string(),
      metrics: z.record(z.string(), z.number()),
      look: z.number().int(),
      rows: z.number().int(),
    })
    .nullable(),
  fairness: z
    .object({ receipt: z.string(), worstRatio: z.number().nullable(), uncompared: z.array(z.string()) })
    .nullable(),
  /** The dataset versions that it was made from. */
  data: z.array(z.string()),
  /** Everything it was derived from, oldest first. */
  evidence: z.array(z.object({ receipt: z.string(), fact: z.string(), by: z.string(), at: z.string() })),
});
export type Live = z.infer<typeof Live>;

/** The receipts that one was derived from, itself included, oldest first. */
export function derivation(chain: ReadonlyMap<string, Receipt>, id: string): Receipt[] {
  const seen = new Map<string, Receipt>();
  const open = [id];
  while (open.length > 0) {
    const receipt = chain.get(open.pop()!);
    if (!receipt || seen.has(receipt.id)) continue;
    seen.set(receipt.id, receipt);
    open.push(...receipt.uses);
  }
  return [...seen.values()].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** What a `deployment.live` receipt says, and what stands behind it, from receipts that were verified. */
export async function liveFrom(
  evidence: Pick<Evidence, "value">,
  chain: ReadonlyMap<string, Receipt>,
  id: string,
  settledUsd: (run: string) => Promise<number | null>,
): Promise<Live> {
  const receipts = derivation(chain, id);
  const last = (fact: FactName) => receipts.findLast((receipt) => receipt.fact === fact) ?? null;
  const said = async <F extends FactName>(fact: F): Promise<FactValue<F> | null> => {
    const receipt = last(fact);
    return receipt ? ((await evidence.value(receipt)) as FactValue<F>) : null;
  };
  const live = chain.get(id)!;
  const { name, version, hash } = (await evidence.value(live)) as FactValue<"deployment.live">;
  const [cleared, approved] = [last("deployment.cleared"), last("approval.given")];
  const clearance = await said("deployment.cleared");
  const approval = await said("approval.given");
  const run = await said("run.finished");
  const reserved = await said("budget.reserved");
  const [judged, compared] = [last("model.evaluated"), last("model.fairness")];
  const evaluation = await said("model.evaluated");
  const fairness = await said("model.fairness");
  return {
    ...{ deployment: name, version, hash, since: live.at, receipt: id, request: live.request },
    askedBy: live.person,
    purpose: typeof live.about.purpose === "string" ? live.about.purpose : null,
    cleared: cleared && clearance && { receipt: cleared.id, at: cleared.at, policies: clearance.policies },
    approved: approved &&
      approval && { receipt: approved.id, at: approved.at, by: approval.decidedBy, what: approval.what },
    cost: run && {
      ...{ run: run.run, cpuSeconds: run.cpuSeconds, seconds: run.seconds, peakMemoryMb: run.peakMemoryMb },
      estimatedUsd: reserved?.estimatedUsd ?? null,
      limitUsd: reserved?.limitUsd ?? null,
      actualUsd: await settledUsd(run.run),
    },
    evaluated: judged &&
      evaluation && { receipt: judged.id, metrics: evaluation.metrics, look: evaluation.look, rows: evaluation.rows },
    fairness: compared &&
      fairness && {
        ...{ receipt: compared.id, worstRatio: fairness.worstRatio },
        uncompared: fairness.uncompared.map(({ attribute }) => attribute),
      },
    data: Array.isArray(live.about.scope) ? live.about.scope.map(String) : [],
    evidence: receipts.map(({ id: receipt, fact, by, at }) => ({ receipt, fact, by, at })),
  };
}
