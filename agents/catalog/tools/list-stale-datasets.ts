import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { pinOf } from "@muster/shared/domain/dataset.ts";
import { z } from "zod";
import type { CatalogDeps } from "../index.ts";
import { staleReasons } from "../staleness.ts";

export const listStaleDatasets = tool({
  name: "list_stale_datasets",
  does: "Lists datasets whose events are old, that stopped coming in their own rhythm, or of which no use was seen; each reason with its numbers.",
  effect: "read",
  input: z.object({
    /** Events older than so many days are old. */
    oldAfterDays: z.number().positive().max(36_500).default(30),
    unusedAfterDays: z.number().positive().max(36_500).default(90),
    limit: z.number().int().min(1).max(1000).default(100),
  }),
  output: z.object({
    datasets: z.array(
      z.object({
        dataset: z.string(),
        reasons: z.array(
          z.object({
            kind: z.enum(["old_events", "not_loaded", "unused"]),
            since: z.string(),
            days: z.number(),
            againstDays: z.number().nullable(),
            why: z.string(),
          }),
        ),
      }),
    ),
    looked: z.number().int(),
    verdict: z.string(),
  }),
  cost: { ms: 200 },
  run: async ({ oldAfterDays, unusedAfterDays, limit }, { lake, store, now }: Context & CatalogDeps) => {
    const sources = (await lake.list()).filter(({ kind }) => kind === "source");
    const stats = await store.stats(sources.map(({ name, version }) => pinOf(name, version)));
    const uses = await store.lastUses();
    const at = now();
    const found = [];
    for (const dataset of sources) {
      const { name, version } = dataset;
      const loads = (await lake.history(name)).map((one) => one.at).sort();
      const newestEvent = stats.get(pinOf(name, version))?.range?.to ?? null;
      const life = { dataset, loads, newestEvent, lastUse: uses.get(name) ?? null };
      const reasons = staleReasons(life, at, { oldAfter: oldAfterDays, unusedAfter: unusedAfterDays });
      if (reasons.length > 0) found.push({ dataset: name, reasons });
    }
    found.sort((a, b) => b.reasons.length - a.reasons.length || (a.dataset < b.dataset ? -1 : 1));
    return {
      datasets: found.slice(0, limit),
      looked: sources.length,
      verdict: `${found.length} of ${sources.length} dataset(s) are stale${
        found.length > 0
          ? `: ${found
              .slice(0, limit)
              .map(({ dataset, reasons }) => `${dataset} (${reasons.map(({ why }) => why).join("; ")})`)
              .join(", ")}`
          : ""
      }`,
    };
  },
});
