import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import type { CatalogDeps } from "../index.ts";
import { searchDatasets as search } from "../search.ts";

export const searchDatasets = tool({
  name: "search_datasets",
  does: "Finds datasets by the names of tables and columns; every hit says why it matched, nonsense finds nothing.",
  effect: "read",
  input: z.object({ query: z.string().min(1).max(500), limit: z.number().int().min(1).max(100).default(10) }),
  output: z.object({
    hits: z.array(
      z.object({
        dataset: z.string(),
        score: z.number(),
        why: z.array(
          z.object({ word: z.string(), matched: z.string(), in: z.enum(["dataset", "column"]), how: z.string() }),
        ),
      }),
    ),
    verdict: z.string(),
  }),
  cost: { ms: 20 },
  run: async ({ query, limit }, { lake }: Context & CatalogDeps) => {
    const datasets = (await lake.list()).map(({ name, columns }) => ({
      name,
      columns: columns.map((column) => column.name),
    }));
    const hits = search(query, datasets, limit);
    return {
      hits,
      verdict: hits.length > 0 ? `${hits.length} found: ${hits.map((hit) => hit.dataset).join(", ")}` : "nothing found",
    };
  },
});
