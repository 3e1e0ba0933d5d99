import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import { Live, liveFrom } from "../audit/live-from.ts";
import type { GovernanceDeps } from "../index.ts";

export const whatWasLive = tool({
  name: "what_was_live",
  does: "Says what was live at a moment, who approved and cleared it, on which evidence, at what cost.",
  effect: "read",
  input: z.object({
    /** A moment, or a day (its first moment, UTC). */
    at: z.union([z.iso.datetime({ offset: true }), z.iso.date()]),
    deployment: z.string().optional(),
  }),
  output: z.object({ at: z.string(), live: z.array(Live), verdict: z.string() }),
  cost: { ms: 60 },
  run: async ({ at: moment, deployment }, { store, evidence }: Context & GovernanceDeps) => {
    const at = new Date(moment).toISOString();
    const rows = await store.audit.liveAt(at, deployment ?? null);
    const settledUsd = async (run: string) => {
      const usd = (await store.audit.settled(run)).at(0)?.data.usd;
      return typeof usd === "number" ? usd : null;
    };
    const chain = await evidence.load(rows.map(({ receipt }) => receipt));
    // One that is no longer believed (changed in the table) is left out: nobody signed that.
    const live = await Promise.all(
      rows
        .filter(({ receipt }) => chain.has(receipt))
        .map(({ receipt }) => liveFrom(evidence, chain, receipt, settledUsd)),
    );
    const names = live.map(({ deployment: name, version }) => `${name} version ${version}`);
    return { at, live, verdict: live.length > 0 ? `live: ${names.join(", ")}` : "nothing was live" };
  },
});
