import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetRef } from "@muster/shared/domain/dataset.ts";
import { z } from "zod";
import type { CatalogDeps } from "../index.ts";
import { say } from "../texts/say.ts";
import { WrittenText } from "../texts/text.ts";

export const setDescription = tool({
  name: "set_description",
  does: "Describes a dataset, or a column of it, in a person's words, for every version; an empty text takes them away.",
  effect: "write",
  input: z.object({
    dataset: DatasetRef,
    column: z.string().min(1).max(200).optional(),
    description: WrittenText,
  }),
  output: z.object({ dataset: z.string(), column: z.string().nullable(), verdict: z.string() }),
  cost: { ms: 30 },
  run: async ({ dataset, column = null, description }, context: Context & CatalogDeps) => {
    const about = await say(context, dataset, { kind: "description", column, text: description.trim() });
    return {
      dataset,
      column,
      verdict: description.trim() === "" ? `${about} has no description of a person any more` : `${about} is described`,
    };
  },
});
