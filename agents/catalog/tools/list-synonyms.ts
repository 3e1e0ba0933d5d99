import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import type { CatalogDeps } from "../index.ts";

export const listSynonyms = tool({
  name: "list_synonyms",
  does: "Lists the words that the search takes for one thing, by group.",
  effect: "read",
  input: z.object({}),
  output: z.object({ groups: z.record(z.string(), z.array(z.string())) }),
  cost: { ms: 10 },
  run: async (_, { store }: Context & CatalogDeps) => ({ groups: await store.search.synonyms() }),
});
