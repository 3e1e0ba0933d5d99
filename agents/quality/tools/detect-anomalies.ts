import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin, DatasetRef } from "@muster/shared/domain/dataset.ts";
import { z } from "zod";
import { findAnomalies, SHORTEST_HISTORY } from "../anomalies.ts";
import type { QualityDeps } from "../index.ts";

/** Versions that make up a history. */
const LONGEST_HISTORY = 60;

export const detectAnomalies = tool({
  name: "detect_anomalies",
  does: "Says what of a dataset version is unlike its own history: rows, missing values, distinct values, means, categories. Abstains while that is short.",
  effect: "read",
  input: z.object({ dataset: DatasetRef }),
  output: z.object({
    dataset: DatasetPin,
    status: z.enum(["anomalous", "usual", "abstained"]),
    versions: z.number().int(),
    anomalies: z.array(
      z.object({
        column: z.string().nullable(),
        measure: z.string(),
        value: z.number(),
        usual: z.number(),
        allowed: z.number(),
      }),
    ),
    verdict: z.string(),
  }),
  needs: [{ is: "dataset.profiled", of: "dataset", as: "profile" }],
  cost: { ms: 40 },
  run: async ({ dataset, profile }, { store, lake }: Context & QualityDeps) => {
    const at = (await lake.manifest(dataset)).writtenAt;
    const before = [];
    // A version's history is what was written before it.
    for (const one of await store.profiles(profile.dataset, LONGEST_HISTORY + 1))
      if (one.pin !== dataset && (await lake.manifest(one.pin)).writtenAt < at) before.push(one.profile);
    const found = findAnomalies(profile, before.slice(0, LONGEST_HISTORY));
    if (found === null) {
      const verdict = `${before.length} earlier profiled versions; a history starts at ${SHORTEST_HISTORY}`;
      return { dataset, status: "abstained" as const, versions: before.length, anomalies: [], verdict };
    }
    const anomalies = found.anomalies.map(({ column, measure, value, usual, allowed }) => ({
      ...{ column, measure, value, usual, allowed },
    }));
    const named = anomalies.slice(0, 3).map(({ column, measure }) => (column ? `${measure} of ${column}` : measure));
    const verdict =
      anomalies.length === 0
        ? `${found.measures} measures are as in ${before.length} earlier versions`
        : `unlike ${before.length} earlier versions: ${named.join(", ")}${anomalies.length > 3 ? ` and ${anomalies.length - 3} more` : ""}`;
    const status = anomalies.length > 0 ? ("anomalous" as const) : ("usual" as const);
    return { dataset, status, versions: before.length, anomalies, verdict };
  },
});
