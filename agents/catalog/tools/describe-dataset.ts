import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetRef } from "@muster/shared/domain/dataset.ts";
import { z } from "zod";
import { CatalogEntry, entries } from "../entry.ts";
import type { CatalogDeps } from "../index.ts";

export const describeDataset = tool({
  name: "describe_dataset",
  does: "Describes a dataset version: columns with types and counts, its times, where it came from, and its versions.",
  effect: "read",
  input: z.object({ dataset: DatasetRef }),
  output: CatalogEntry.extend({
    origin: z.string(),
    writtenAt: z.string(),
    notes: z.array(z.string()),
    versions: z.number().int(),
    newest: z.boolean(),
    verdict: z.string(),
  }),
  cost: { ms: 30 },
  run: async ({ dataset }, context: Context & CatalogDeps) => {
    const { lake } = context;
    const manifest = await lake.manifest(dataset);
    const [entry] = await entries(context, [manifest]);
    const { origin, writtenAt, notes, name, rows, columns } = manifest;
    const versions = (await lake.versions(name)).length;
    return {
      ...entry!,
      origin,
      writtenAt,
      notes,
      versions,
      newest: await lake.isNewest(dataset),
      verdict: `${name}: ${rows} rows, ${columns.length} columns`,
    };
  },
});
