import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin, DatasetRef, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { z } from "zod";
import type { QualityDeps } from "../index.ts";

export const getProfileHistory = tool({
  name: "get_profile_history",
  does: "Shows how a dataset's versions differ by their profiles: rows, repeated rows and of each column what is missing, different and usual.",
  effect: "read",
  input: z.object({ dataset: DatasetRef, limit: z.number().int().min(1).max(100).default(20) }),
  output: z.object({
    versions: z.array(
      z.object({
        dataset: DatasetPin,
        profiledAt: z.string(),
        rows: z.number().int(),
        repeatedRows: z.number().int(),
        columns: z.array(
          z.object({
            name: z.string(),
            type: z.string(),
            nullShare: z.number(),
            distinct: z.number().int(),
            mean: z.number().nullable(),
          }),
        ),
      }),
    ),
    verdict: z.string(),
  }),
  cost: { ms: 30 },
  run: async ({ dataset, limit }, { store }: Context & QualityDeps) => {
    const { name } = parseDatasetRef(dataset);
    const versions = (await store.profiles(name, limit)).map(({ pin, at, profile }) => ({
      dataset: pin,
      profiledAt: at,
      rows: profile.rows,
      repeatedRows: profile.duplicates.rows,
      columns: profile.columns.map(({ name: column, type, nullShare, distinct, number }) => ({
        ...{ name: column, type, nullShare, distinct },
        mean: profile.rows >= 20 ? (number?.mean ?? null) : null,
      })),
    }));
    const [newest, ...older] = versions;
    const before = older[0];
    const verdict = !newest
      ? `no version of ${name} has been profiled; ask quality.profile_dataset`
      : before
        ? `${versions.length} profiled versions; the newest has ${newest.rows} rows, the one before ${before.rows}`
        : `one profiled version with ${newest.rows} rows`;
    return { versions, verdict };
  },
});
