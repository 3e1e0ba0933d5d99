import type { Understanding } from "../understanding.ts";
import { eventCandidates, readEventQuestion } from "./asked-event.ts";
import { forecastCandidates, readForecast } from "./asked-forecast.ts";
import type { Candidate } from "./candidate.ts";
import {
  concludeDataset,
  concludeDeployed,
  concludeDrift,
  concludeFind,
  concludeTarget,
  type Said,
} from "./conclude.ts";
import { datasetsIn } from "./dataset-in.ts";
import { deploymentsIn, deploymentsOn } from "./deployment.ts";
import { groundTarget } from "./ground.ts";
import { previewWords, readIntent, type SaidIntent } from "./intent.ts";
import { readOperation } from "./operate.ts";
import { readText } from "./read.ts";
import type { CatalogView } from "./view.ts";
import { isStopWord, wordsOf } from "./words.ts";

export type { CatalogView, ColumnView, DatasetView, DeploymentView } from "./view.ts";

/**
 * Turns a text into goals with arguments, or one question. `answers`: what was answered to the question, in order.
 * Throws `not_found` where nothing in the catalog fits, `invalid_input` where the text or the answer says nothing.
 */
export type Understand = (text: string, answers: string[], context: CatalogView) => Promise<Understanding>;

/**
 * Understands a text by rules alone: deterministic and pure, given the catalog. Names of columns and datasets are only
 * ever compared with words of the text; nothing in them can change what is done.
 */
export function understandByRules(text: string, answers: readonly string[], catalog: CatalogView): Understanding {
  const operation = readOperation(text, answers, catalog);
  if (operation) return operation;
  const read = readText(text);
  const intent = readIntent(read.rest);
  const understood = byIntent(intent, { read, answers, catalog });
  if (intent !== null || understood.kind === "question") return understood;
  const assumed = "no word says what to do: read as a wish for a prediction";
  return { ...understood, assumptions: [assumed, ...understood.assumptions] };
}

function byIntent(intent: SaidIntent | null, said: Said): Understanding {
  const { read, catalog } = said;
  const target = (as: "predict" | "train" | "improve" | "explain" | "slices" | "score" | "preview") =>
    concludeTarget(as, readings(as === "preview" ? read.rest.replace(previewWords, " ") : read.rest), said);
  const readings = (text: string): Candidate[] => {
    const forecast = readForecast(text, read.horizon !== null);
    const columns = (said: string) => groundTarget(said, catalog, read.horizon !== null, intent !== null);
    const series = forecast === null ? [] : forecastCandidates(forecast, catalog, columns);
    if (series.length > 0) return series;
    const question = readEventQuestion(text);
    const events = question === null ? [] : eventCandidates(question, text, catalog);
    return events.length > 0 ? events : columns(text);
  };
  switch (intent) {
    case "find":
      return concludeFind(queryOf(read.rest));
    case "check":
    case "profile":
      return concludeDataset(intent, datasetsIn(read.rest, catalog), said);
    case "drift": {
      const named = deploymentsIn(read.rest, catalog, false);
      const on = named.length > 0 ? named : deploymentsOn(read.rest, catalog);
      return concludeDrift(on.length > 0 ? on : deploymentsIn(read.rest, catalog, true), said);
    }
    case "explain":
    case "slices":
    case "improve":
    case "score": {
      const deployed = deploymentsIn(read.rest, catalog, intent !== "explain");
      return concludeDeployed(intent, deployed, said) ?? target(intent);
    }
    default:
      return target(intent ?? "predict");
  }
}

const searching =
  /^(?:tables?|datasets?|columns?|holds?|contains?|mentions?|stored?|stores|keeps?|kept|find|search|look|list|catalog)$/;

/** What to look for: the words of a text without those of looking. */
const queryOf = (text: string): string =>
  wordsOf(text)
    .filter((word) => !isStopWord(word) && !searching.test(word.text))
    .map((word) => word.text)
    .join(" ");
