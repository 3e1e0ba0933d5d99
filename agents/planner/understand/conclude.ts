import type { Goal, Question } from "@muster/shared/domain/request.ts";
import { goalsOf, type Intent, type Understanding } from "../understanding.ts";
import { type Candidate, phraseOf } from "./candidate.ts";
import { intervalOf } from "./event.ts";
import { horizonArgument } from "./horizon.ts";
import { spelledModel } from "./model-version.ts";
import { problemRequest, targetName } from "./problem-request.ts";
import type { ReadText } from "./read.ts";
import { changedSince, notDeployed } from "./refuse.ts";
import { questionOf, settle } from "./settle.ts";
import { meansLeaving } from "./synonyms.ts";
import { type CatalogView, type DatasetView, type DeploymentView, sources } from "./view.ts";
import { stemsOf } from "./words.ts";

const tuned: Goal = { is: "parameters.tuned", newerThan: "request" };

type Goals = Extract<Understanding, { kind: "goals" }>;

/** What a text is concluded with, however its parts were found: what else it said, what was answered, the catalog. */
export type Said = { read: ReadText; answers: readonly string[]; catalog: CatalogView };

/** Either one of the choices, settled by the text or by the answer, or the question that they are. */
type Choice<T> = { chosen: T; asked: boolean } | { question: Question };

function choose<T>(options: { phrase: string; value: T }[], answers: readonly string[], text: string): Choice<T> {
  if (options.length === 1) return { chosen: options[0]!.value, asked: false };
  if (answers.length > 0) return { chosen: settle(answers.at(-1)!, options), asked: true };
  return { question: { text, candidates: options.slice(0, 6).map((one) => one.phrase) } };
}

function goals(
  intent: Exclude<Intent, "call" | "goals">,
  of: Record<string, unknown>,
  args: Record<string, unknown>,
  assumptions: string[],
  { read }: Pick<Said, "read">,
): Goals {
  const budget = {
    ...(read.budgetUsd !== null && { budgetUsd: read.budgetUsd }),
    ...(intent === "improve" && read.rounds !== null && { rounds: read.rounds }),
  };
  if (read.search && (intent === "predict" || intent === "train")) {
    const { trials } = read.search;
    // The search goes on by itself to what was asked for: what rests on its settings can't be planned before.
    const onward = intent === "predict" ? "deploy" : "train";
    const own = { ...args, ...budget, ...(trials !== null && { trials }), onward };
    return { kind: "goals", intent, goals: [tuned], arguments: own, assumptions };
  }
  return { kind: "goals", intent, goals: goalsOf[intent](of), arguments: { ...args, ...budget }, assumptions };
}

/** "Which tables hold …": one search; without a word to look for, the list. */
export function concludeFind(query: string): Goals {
  const call = query
    ? { tool: "catalog.search_datasets", input: { query } }
    : { tool: "catalog.list_datasets", input: {} };
  return { kind: "goals", intent: "call", goals: goalsOf.find({}), arguments: {}, assumptions: [], call };
}

/** "Check" and "profile" a dataset: the one that was found, or the question which. */
export function concludeDataset(intent: "check" | "profile", found: readonly DatasetView[], said: Said): Understanding {
  const options = found.map((one) => ({ phrase: one.name, value: one }));
  const choice = choose(options, said.answers, "Which dataset is meant?");
  if ("question" in choice) return { kind: "question", question: choice.question };
  const of = { dataset: choice.chosen.name };
  return goals(intent, of, of, [], said);
}

/** "Has it drifted": of the deployment that was found, or the question which. `not_found` where none is. */
export function concludeDrift(found: readonly DeploymentView[], said: Said): Understanding {
  if (found.length === 0) throw notDeployed(said.catalog);
  const options = found.map((one) => ({ phrase: one.name, value: one }));
  const choice = choose(options, said.answers, "Which deployment is meant?");
  if ("question" in choice) return { kind: "question", question: choice.question };
  const of = { deployment: choice.chosen.name };
  const reading = readingOf(choice.chosen, said.catalog);
  const problem = reading && problemRequest(reading, said.read, said.catalog).arguments;
  return goals("drift", of, { ...problem, ...of }, [], said);
}

/** What is asked of something deployed. */
type DeployedIntent = "explain" | "slices" | "score" | "improve";

/** "Why", "where is it wrong", "score" and "improve" of what is deployed; null where none of the deployments can be asked about any more. */
export function concludeDeployed(
  intent: DeployedIntent,
  found: readonly DeploymentView[],
  said: Said,
): Understanding | null {
  const known = found.flatMap((one) => {
    const reading = readingOf(one, said.catalog);
    if (reading === null && one.problem === undefined) return [];
    return [{ phrase: one.name, value: { one, reading } }];
  });
  if (known.length === 0) return null;
  const choice = choose(known, said.answers, "Which deployment is meant?");
  if ("question" in choice) return { kind: "question", question: choice.question };
  const { one, reading } = choice.chosen;
  const { name, exclude = [] } = one;
  const problem = reading === null ? askedAgain(one, intent, said) : askedAnew(one, reading, intent, said);
  const target = reading === null ? one.target : targetName(reading);
  const of = intent === "score" ? { deployment: name } : { dataset: one.dataset, target };
  const assumptions = [`the deployment ${name} is what is meant`, ...problem.assumptions];
  // A question about the model itself is about that model, unless something else is to be left out or aimed at.
  const itself = (intent === "explain" || intent === "slices") && !asksOtherwise(said.read);
  const args = {
    ...problem.arguments,
    ...(exclude.length > 0 && { exclude }),
    ...(itself && { model: spelledModel(name, said.read.rest) }),
    deployment: name,
  };
  return goals(intent, of, args, assumptions, said);
}

/** Whether a text says more of a question than which one it is: of what a deployed model doesn't answer. */
const asksOtherwise = ({ exclusions, metric, horizon, task, gapDays, labelDelayDays, withinDays, every }: ReadText) =>
  exclusions.length > 0 ||
  [metric, horizon, task, gapDays, labelDelayDays, withinDays, every].some((one) => one !== null);

/** The question of a deployment, asked anew of the newest data. What its model was to leave out, it still is: else the question would be about another model. */
function askedAnew(one: DeploymentView, reading: Candidate, intent: DeployedIntent, said: Said) {
  const { exclusions: left = [] } = one;
  const problem = problemRequest(reading, said.read, said.catalog);
  const asked = (problem.arguments.exclusions ?? []) as string[];
  const exclusions = [...left, ...asked.filter((column) => !left.includes(column))];
  // What is better than it takes its name.
  const name = intent === "improve" ? { name: one.name } : {};
  return {
    assumptions: problem.assumptions,
    arguments: { ...name, ...problem.arguments, ...(exclusions.length > 0 && { exclusions }) },
  };
}

/**
 * The question of a deployment that no column or interval says: as it was defined, with whatever else is said of it, which it may
 * refuse. Its cutoffs are those of then, so nothing fresh comes of it once its tables have changed.
 */
function askedAgain({ name, dataset, problem, changed = [] }: DeploymentView, intent: DeployedIntent, { read }: Said) {
  if (changed.length > 0 && (intent === "score" || intent === "improve")) throw changedSince(name, changed);
  const { metric, horizon, exclusions } = read;
  const more = {
    ...(metric && { metric }),
    ...(horizon && { horizon: horizonArgument(horizon) }),
    ...(exclusions.length > 0 && { exclusions: exclusions.map(({ said }) => said) }),
  };
  return { assumptions: [], arguments: { dataset, problem: problem!.hash, ...more } };
}

/** What a deployment predicts, as a reading of the catalog; null where its table is gone, or where it is about events or a series. */
function readingOf(deployment: DeploymentView, catalog: CatalogView): Candidate | null {
  const all = sources(catalog);
  const { kind } = deployment.problem ?? {};
  if (kind !== undefined && kind !== "column" && kind !== "ended") return null;
  const dataset = all.find((one) => one.name === deployment.dataset);
  if (!dataset) return null;
  const made = { dataset, score: 1, strong: true, told: 1, because: `${deployment.name} predicts it` };
  if (dataset.columns.some((column) => column.name === deployment.target))
    return { ...made, target: { kind: "column", column: deployment.target } };
  const interval = intervalOf(dataset, all);
  return interval && { ...made, target: { kind: "ended", word: deployment.target, ...interval } };
}

/** A target: the one reading that is sure, else the question that the readings are, else what was answered to it. */
export function concludeTarget(
  intent: "predict" | "train" | "improve" | "explain" | "slices" | "score" | "preview",
  found: readonly Candidate[],
  said: Said,
): Understanding {
  const answer = said.answers.at(-1);
  const answered = answer === undefined ? null : spelledOut(answer, said.catalog);
  const sure = answered === null && found.length === 1 && found[0]!.strong;
  const options = found.map((one) => ({ phrase: phraseOf(one), value: one }));
  if (!sure && answer === undefined) return { kind: "question", question: questionOf(found) };
  const chosen = answered ?? (sure ? found[0]! : settle(answer!, options));
  const problem = problemRequest(chosen, said.read, said.catalog);
  const assumptions = [
    `${phraseOf(chosen)}: ${sure ? chosen.because : "as answered"}`,
    ...otherReading(chosen, said.catalog),
    ...problem.assumptions,
  ];
  const of = { dataset: chosen.dataset.name, target: targetName(chosen) };
  const understood = goals(intent, of, problem.arguments, assumptions, said);
  if (intent !== "preview") return understood;
  return { ...understood, intent: "call", call: { tool: "pipeline.preview_labels", input: {} } };
}

/** The reading whose phrase an answer is, word for word: it stands whatever is found the second time. */
function spelledOut(answer: string, catalog: CatalogView): Candidate | null {
  const all = sources(catalog);
  const made = { score: 1, strong: true, told: 1, because: "as answered" };
  for (const dataset of all) {
    const interval = intervalOf(dataset, all);
    const readings: Candidate[] = dataset.columns.map((column) => ({
      ...made,
      dataset,
      target: { kind: "column", column: column.name },
    }));
    for (const word of interval ? ["churn", "end"] : [])
      readings.push({ ...made, dataset, target: { kind: "ended", word, ...interval! } });
    const found = readings.find((one) => phraseOf(one) === answer.trim());
    if (found) return found;
  }
  return null;
}

/** Where a column was taken though a table over time could say the same: how to ask for that. */
function otherReading(chosen: Candidate, catalog: CatalogView): string[] {
  if (chosen.target.kind !== "column" || !stemsOf(chosen.target.column).some(meansLeaving)) return [];
  const all = sources(catalog);
  const other = all.find((one) => one !== chosen.dataset && intervalOf(one, all)?.lasting);
  return other ? [`${other.name} could tell it over time: say "in ${other.name}" or name a horizon for that`] : [];
}
