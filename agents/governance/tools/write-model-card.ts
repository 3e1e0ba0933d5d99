import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import { composeCard } from "../cards/compose.ts";
import { gatherRecord } from "../cards/gather-record.ts";
import { cardMarkdown } from "../cards/markdown.ts";
import type { GovernanceDeps } from "../index.ts";

export const writeModelCard = tool({
  name: "write_model_card",
  does: "Writes a model's card from the record, in Markdown and JSON: use, data, performance, fairness, features left out, policies, approvals, cost and monitoring; every line says where it stands.",
  effect: "write",
  input: z.object({
    model: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/),
    /** Default: the newest. */
    version: z.number().int().positive().optional(),
  }),
  output: z.object({
    model: z.string(),
    version: z.number().int(),
    hash: z.string(),
    /** Artifact hashes. */
    markdown: z.string(),
    json: z.string(),
    items: z.number().int(),
    sections: z.array(z.object({ title: z.string(), items: z.number().int() })),
    verdict: z.string(),
  }),
  cost: { ms: 200 },
  run: async ({ model, version }, context: Context & GovernanceDeps) => {
    const card = composeCard(await gatherRecord(context, model, version));
    const [json, markdown] = await Promise.all([
      context.putArtifact(Buffer.from(JSON.stringify(card, null, 2)), "application/json"),
      context.putArtifact(Buffer.from(cardMarkdown(card)), "text/markdown"),
    ]);
    const sections = card.sections.map(({ title, items }) => ({ title, items: items.length }));
    const items = sections.reduce((sum, section) => sum + section.items, 0);
    context.audit("governance.card_written", card.hash, { model, version: card.version, json, markdown });
    const verdict = `${model} version ${card.version}: ${items} lines from ${card.receipts.length} receipts`;
    return { model, version: card.version, hash: card.hash, markdown, json, items, sections, verdict };
  },
});
