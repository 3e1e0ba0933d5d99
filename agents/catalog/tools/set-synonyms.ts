import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { CatalogDeps } from "../index.ts";
import { wordsOf } from "../words.ts";

export const setSynonyms = tool({
  name: "set_synonyms",
  does: "Sets a group of single words that the search takes for one thing; no words take the group away.",
  effect: "write",
  input: z.object({
    group: z.string().regex(/^[a-z][a-z0-9_]{0,40}$/),
    words: z.array(z.string().min(2).max(40)).max(60),
  }),
  output: z.object({ group: z.string(), words: z.array(z.string()), verdict: z.string() }),
  confirmedBy: ["engineer", "admin"],
  cost: { ms: 20 },
  run: async ({ group, words: given }, { store, commit, audit }: Context & CatalogDeps) => {
    const words = [...new Set(given.map(inOneWord))];
    if (words.length === 1)
      throw fault(
        "invalid_input",
        "one word stands for nothing else; give two or more, or none to take the group away",
      );
    commit((trx) => store.search.setSynonyms(trx, group, words));
    audit("catalog.synonyms_set", group, { words });
    const verdict = words.length === 0 ? `the group ${group} is gone` : `${words.join(", ")} stand for each other`;
    return { group, words, verdict };
  },
});

/** A synonym as names are split into words: lower case, singular; `invalid_input` where it is several. */
function inOneWord(text: string): string {
  const words = wordsOf(text);
  if (words.length !== 1 || words[0]!.length < 2)
    throw fault("invalid_input", `${JSON.stringify(text)} is no single word of letters; give each word by itself`);
  return words[0]!;
}
