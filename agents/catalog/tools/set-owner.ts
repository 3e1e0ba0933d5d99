import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetRef } from "@muster/shared/domain/dataset.ts";
import { z } from "zod";
import type { CatalogDeps } from "../index.ts";
import { say } from "../texts/say.ts";
import { WrittenText } from "../texts/text.ts";

export const setOwner = tool({
  name: "set_owner",
  does: "Says who answers for a dataset: a person or a team; an empty name takes it away. It gives nobody a right.",
  effect: "write",
  input: z.object({ dataset: DatasetRef, owner: WrittenText.max(200) }),
  output: z.object({ dataset: z.string(), owner: z.string().nullable(), verdict: z.string() }),
  cost: { ms: 30 },
  run: async ({ dataset, owner }, context: Context & CatalogDeps) => {
    const name = owner.trim();
    const about = await say(context, dataset, { kind: "owner", column: null, text: name });
    return {
      dataset,
      owner: name || null,
      verdict: name === "" ? `nobody is said to own ${about}` : `${about} is owned by ${name}`,
    };
  },
});
