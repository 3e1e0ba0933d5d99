import type { Config } from "@muster/shared/config.ts";
import { openLanguageModel } from "./language-model.ts";
import { assuming, understandByModel } from "./model.ts";
import { readOperation } from "./operate.ts";
import { type Understand, understandByRules } from "./understand.ts";

/** How requests are understood under these settings: with the language model they name, else by rules; each says which. */
export function chooseUnderstand(config: Pick<Config, "openaiApiKey" | "openaiBaseUrl" | "model">): Understand {
  const model = openLanguageModel(config);
  if (model) {
    const byModel = understandByModel(model);
    // What is done with something live is said in few words; no model is needed to tell, and none decides it.
    return async (text, answers, catalog) => readOperation(text, answers, catalog) ?? byModel(text, answers, catalog);
  }
  return async (text, answers, catalog) =>
    assuming(understandByRules(text, answers, catalog), "understood by rules: no language model is set");
}
