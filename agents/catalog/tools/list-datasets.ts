import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import { CatalogEntry, entries } from "../entry.ts";
import type { CatalogDeps } from "../index.ts";

export const listDatasets = tool({
  name: "list_datasets",
  does: "Lists every dataset with its columns, types and counts.",
  effect: "read",
  input: z.object({}),
  output: z.object({ datasets: z.array(CatalogEntry) }),
  cost: { ms: 20 },
  run: async (_, context: Context & CatalogDeps) => ({ datasets: await entries(context, await context.lake.list()) }),
});
