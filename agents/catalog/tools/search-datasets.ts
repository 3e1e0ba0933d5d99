import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import type { CatalogDeps } from "../index.ts";
import { fields } from "../search/document.ts";
import { find } from "../search/find.ts";
import { keepIndex } from "../search/keep.ts";

export const searchDatasets = tool({
  name: "search_datasets",
  does: "Finds datasets by names, descriptions, owners and tags; every hit says why it matched, nonsense finds nothing.",
  effect: "read",
  input: z.object({ query: z.string().min(1).max(500), limit: z.number().int().min(1).max(100).default(10) }),
  output: z.object({
    hits: z.array(
      z.object({
        dataset: z.string(),
        score: z.number(),
        coverage: z.number(),
        why: z.array(
          z.object({
            word: z.string(),
            matched: z.string(),
            in: z.enum(fields),
            column: z.string().nullable(),
            how: z.enum(["same", "stem", "synonym", "part", "similar"]),
          }),
        ),
      }),
    ),
    verdict: z.string(),
  }),
  cost: { ms: 20 },
  run: async ({ query, limit }, { lake, store }: Context & CatalogDeps) => {
    await keepIndex(store, await lake.list());
    const hits = await find(store.search, query, limit);
    return {
      hits,
      verdict: hits.length > 0 ? `${hits.length} found: ${hits.map((hit) => hit.dataset).join(", ")}` : "nothing found",
    };
  },
});
