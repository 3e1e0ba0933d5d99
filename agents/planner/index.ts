import { agent } from "@muster/bus/agent.ts";
import type { Process } from "@muster/bus/process.ts";
import { run } from "@muster/bus/run.ts";
import { answerByModel } from "./answer/wording.ts";
import { openRunner, type Runner } from "./runner.ts";
import { openPlannerStore, type PlannerStore } from "./store.ts";
import { answerQuestion } from "./tools/answer-question.ts";
import { ask } from "./tools/ask.ts";
import { cancelRequest } from "./tools/cancel-request.ts";
import { listRequests } from "./tools/list-requests.ts";
import { proposeFeatures } from "./tools/propose-features.ts";
import { requestEvents } from "./tools/request-events.ts";
import { showRequest } from "./tools/show-request.ts";
import { chooseUnderstand } from "./understand/choose.ts";
import { type LanguageModel, openLanguageModel } from "./understand/language-model.ts";

/** What the planner's tools stand on. `language`: the language model that the settings name; null where they name none. */
export type PlannerDeps = {
  store: PlannerStore;
  runner: Runner;
  settings: { purpose: string; deadlineMs: number };
  language: LanguageModel | null;
  process: Process;
};

/**
 * The planner: turns a request into cross-agent steps and gathers the answer.
 * Owns the tables request and request_event, and LangGraph's checkpoints. Has no data and no permission of its own; what it gives
 * are a language model's proposals, where one is set.
 */
export const planner = agent({
  name: "planner",
  does: "Turns a request into a plan over the agents' tools, runs it, and gathers the answer.",
  tools: [ask, showRequest, listRequests, requestEvents, answerQuestion, cancelRequest, proposeFeatures],
  async open(process) {
    const store = await openPlannerStore(process.pool, process.evidence.store.emit);
    const language = openLanguageModel(process.config);
    const word =
      language && answerByModel(language, (why) => process.log.info({ why }, "the answer keeps its own words"));
    const plans = language ? [proposeFeatures.name] : [];
    const runner = await openRunner(process, store, { understand: chooseUnderstand(process.config), word, own: plans });
    const settings = { purpose: process.config.purpose, deadlineMs: process.config.deadlineMs };
    const deps: PlannerDeps = { store, runner, settings, language, process };
    return { deps, close: runner.close, started: runner.recover };
  },
});
if (import.meta.main) await run(planner);
