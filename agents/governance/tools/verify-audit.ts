import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { ChainVerdict } from "@muster/shared/domain/audit-event.ts";
import { z } from "zod";
import { verifyChain } from "../audit/verify-chain.ts";
import type { GovernanceDeps } from "../index.ts";

export const verifyAudit = tool({
  name: "verify_audit",
  does: "Verifies the audit chain from what stands in the database and the heads anchored outside it.",
  effect: "read",
  input: z.object({}),
  output: ChainVerdict.extend({ verdict: z.string() }),
  cost: { ms: 500 },
  run: async (_, { store, anchors, sealer }: Context & GovernanceDeps) => {
    const found = await sealer.still(() => verifyChain(store.audit, anchors));
    const tail = found.unsealed > 0 ? `, ${found.unsealed} not sealed yet` : "";
    const verdict = found.ok
      ? `${found.events} events hold${tail}`
      : `broken at entry ${found.firstBad}: ${found.reason}${tail}`;
    return { ...found, verdict };
  },
});
