import type { Question } from "@muster/shared/domain/request.ts";
import { goalsOf, type Intent, type Understanding } from "../understanding.ts";
import { type Candidate, phraseOf } from "./candidate.ts";
import { datasetsIn } from "./dataset-in.ts";
import { deploymentsIn } from "./deployment.ts";
import { intervalOf } from "./event.ts";
import { groundTarget } from "./ground.ts";
import { readIntent, type SaidIntent } from "./intent.ts";
import { problemRequest, targetName } from "./problem-request.ts";
import { type ReadText, readText } from "./read.ts";
import { notDeployed } from "./refuse.ts";
import { questionOf, settle } from "./settle.ts";
import { meansLeaving } from "./synonyms.ts";
import { type CatalogView, type DeploymentView, sources } from "./view.ts";
import { isStopWord, stemsOf, wordsOf } from "./words.ts";

export type { CatalogView, ColumnView, DatasetView, DeploymentView } from "./view.ts";

/**
 * Turns a text into goals with arguments, or one question. `answers`: what was answered to the question, in order.
 * Throws `not_found` where nothing in the catalog fits, `invalid_input` where the text or the answer says nothing.
 */
export type Understand = (text: string, answers: string[], context: CatalogView) => Promise<Understanding>;

type Goals = Extract<Understanding, { kind: "goals" }>;

/** Either one of the choices, settled by the text or by the answer, or the question that they are. */
type Choice<T> = { chosen: T; asked: boolean } | { question: Question };

/**
 * Understands a text by rules alone: deterministic and pure, given the catalog. Names of columns and datasets are only
 * ever compared with words of the text; nothing in them can change what is done.
 */
export function understandByRules(text: string, answers: readonly string[], catalog: CatalogView): Understanding {
  const read = readText(text);
  const said = readIntent(read.rest);
  const budget = read.budgetUsd === null ? {} : { budgetUsd: read.budgetUsd };
  const understanding = byIntent(said, read, answers, catalog);
  return understanding.kind === "question"
    ? understanding
    : { ...understanding, arguments: { ...understanding.arguments, ...budget } };
}

function byIntent(
  said: SaidIntent | null,
  read: ReadText,
  answers: readonly string[],
  catalog: CatalogView,
): Understanding {
  switch (said) {
    case "find":
      return finding(read.rest);
    case "check":
    case "profile":
      return aboutDataset(said, read, answers, catalog);
    case "drift":
      return aboutDeployment(read, answers, catalog);
    case "explain":
    case "score":
      return aboutModel(said, read, answers, catalog);
    default:
      return aboutTarget(said ?? "predict", read, answers, catalog, said !== null);
  }
}

function finding(text: string): Goals {
  const skip =
    /^(?:tables?|datasets?|columns?|hold|holds|contain|contains|mention|mentions|store|stores|stored|keep|kept|find|search|look|list|catalog)$/;
  const query = wordsOf(text)
    .filter((word) => !isStopWord(word) && !skip.test(word.text))
    .map((word) => word.text)
    .join(" ");
  const call = query
    ? { tool: "catalog.search_datasets", input: { query } }
    : { tool: "catalog.list_datasets", input: {} };
  return { kind: "goals", intent: "call", goals: goalsOf.find({}), arguments: {}, assumptions: [], call };
}

function aboutDataset(
  intent: "check" | "profile",
  read: ReadText,
  answers: readonly string[],
  catalog: CatalogView,
): Understanding {
  const found = datasetsIn(read.rest, catalog);
  const choice = choose(
    found.map((one) => ({ phrase: one.name, value: one })),
    answers,
    "Which dataset is meant?",
  );
  if ("question" in choice) return { kind: "question", question: choice.question };
  const of = { dataset: choice.chosen.name };
  return goals(intent, of, of, []);
}

function aboutDeployment(read: ReadText, answers: readonly string[], catalog: CatalogView): Understanding {
  const found = deploymentsIn(read.rest, catalog, true);
  const onData = datasetDeployments(read.rest, catalog);
  const meant =
    found.length > 0 && found.length < catalog.deployments.length ? found : onData.length > 0 ? onData : found;
  if (meant.length === 0) throw notDeployed(catalog);
  const choice = choose(
    meant.map((one) => ({ phrase: one.name, value: one })),
    answers,
    "Which deployment is meant?",
  );
  if ("question" in choice) return { kind: "question", question: choice.question };
  const of = { deployment: choice.chosen.name };
  const reading = readingOf(choice.chosen, catalog);
  return goals("drift", of, { ...(reading && problemRequest(reading, read, catalog).arguments), ...of }, []);
}

/** Deployments whose label's table the text speaks of. */
function datasetDeployments(text: string, catalog: CatalogView): DeploymentView[] {
  const stems = new Set(wordsOf(text).map((word) => word.stem));
  return catalog.deployments.filter((one) => {
    const name = wordsOf(one.dataset);
    return name.length > 0 && name.every((word) => stems.has(word.stem));
  });
}

/** "Why" and "score": about what is deployed where the text names it, else about a target like any other. */
function aboutModel(
  intent: "explain" | "score",
  read: ReadText,
  answers: readonly string[],
  catalog: CatalogView,
): Understanding {
  const deployed = deploymentsIn(read.rest, catalog, intent === "score");
  const known = deployed.flatMap((one) => {
    const reading = readingOf(one, catalog);
    return reading ? [{ phrase: one.name, value: { ...reading, deployment: one.name } }] : [];
  });
  if (known.length === 0) return aboutTarget(intent, read, answers, catalog, true);
  const choice = choose(known, answers, "Which deployment is meant?");
  if ("question" in choice) return { kind: "question", question: choice.question };
  const { deployment, ...reading } = choice.chosen;
  const problem = problemRequest(reading, read, catalog);
  const of = intent === "score" ? { deployment } : { dataset: reading.dataset.name, target: targetName(reading) };
  const assumptions = [`the deployment ${deployment} is what is meant`, ...problem.assumptions];
  return goals(intent, of, { ...problem.arguments, deployment }, assumptions);
}

/** What a deployment predicts, as a reading of the catalog; null where its table is gone. */
function readingOf(deployment: DeploymentView, catalog: CatalogView): Candidate | null {
  const all = sources(catalog);
  const dataset = all.find((one) => one.name === deployment.dataset);
  if (!dataset) return null;
  const made = { dataset, score: 1, strong: true, told: 1, because: `${deployment.name} predicts it` };
  if (dataset.columns.some((column) => column.name === deployment.target))
    return { ...made, target: { kind: "column", column: deployment.target } };
  const interval = intervalOf(dataset, all);
  return interval && { ...made, target: { kind: "ended", word: deployment.target, ...interval } };
}

function aboutTarget(
  intent: "predict" | "train" | "explain" | "score",
  read: ReadText,
  answers: readonly string[],
  catalog: CatalogView,
  asked: boolean,
): Understanding {
  const found = groundTarget(read.rest, catalog, read.horizon !== null, asked);
  const sure = found.length === 1 && found[0]!.strong;
  const options = found.map((one) => ({ phrase: phraseOf(one), value: one }));
  const choice: Choice<Candidate> = sure
    ? { chosen: found[0]!, asked: false }
    : answers.length > 0
      ? { chosen: settle(answers.at(-1)!, options), asked: true }
      : { question: questionOf(found) };
  if ("question" in choice) return { kind: "question", question: choice.question };
  const { chosen } = choice;
  const problem = problemRequest(chosen, read, catalog);
  const assumptions = [
    ...(asked ? [] : ["no word says what to do: read as a wish for a prediction"]),
    choice.asked ? `${phraseOf(chosen)}: as answered` : `${phraseOf(chosen)}: ${chosen.because}`,
    ...otherReading(chosen, catalog),
    ...problem.assumptions,
  ];
  const of = { dataset: chosen.dataset.name, target: targetName(chosen) };
  return goals(intent, of, problem.arguments, assumptions);
}

/** Where a column was taken though a table over time could say the same: how to ask for that. */
function otherReading(chosen: Candidate, catalog: CatalogView): string[] {
  if (chosen.target.kind !== "column" || !stemsOf(chosen.target.column).some(meansLeaving)) return [];
  const all = sources(catalog);
  const lasting = all.find((one) => one !== chosen.dataset && intervalOf(one, all)?.lasting);
  return lasting
    ? [`${lasting.name} could tell it over time: say "in ${lasting.name}" or name a horizon for that`]
    : [];
}

function choose<T>(options: { phrase: string; value: T }[], answers: readonly string[], text: string): Choice<T> {
  if (options.length === 1) return { chosen: options[0]!.value, asked: false };
  if (answers.length > 0) return { chosen: settle(answers.at(-1)!, options), asked: true };
  return { question: { text, candidates: options.slice(0, 6).map((one) => one.phrase) } };
}

const goals = (
  intent: Exclude<Intent, "call" | "goals">,
  of: Record<string, unknown>,
  args: Record<string, unknown>,
  assumptions: string[],
): Goals => ({
  kind: "goals",
  intent,
  goals: goalsOf[intent](of),
  arguments: args,
  assumptions,
});
