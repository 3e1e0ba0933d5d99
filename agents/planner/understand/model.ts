import { Horizon, Problem } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { Understanding } from "../understanding.ts";
import { askTyped } from "./ask-typed.ts";
import type { Candidate } from "./candidate.ts";
import {
  concludeDataset,
  concludeDeployed,
  concludeDrift,
  concludeFind,
  concludeTarget,
  type Said,
} from "./conclude.ts";
import { intervalOf } from "./event.ts";
import { relatedTo } from "./keys.ts";
import type { LanguageModel } from "./language-model.ts";
import { slug } from "./model-name.ts";
import { instructions, payloadOf } from "./prompt.ts";
import { type ReadText, readText } from "./read.ts";
import { type Understand, understandByRules } from "./understand.ts";
import { type CatalogView, type DatasetView, sources } from "./view.ts";

/** What a language model may say of a request: there is no field for a purpose, a budget, a role or autonomy. */
const Reading = z.object({
  intent: z.enum([
    "predict",
    "train",
    "check",
    "profile",
    "score",
    "drift",
    "explain",
    "slices",
    "improve",
    "find",
    "unclear",
  ]),
  readings: z.array(z.object({ dataset: z.string(), column: z.string().nullable(), ends: z.boolean() })).max(6),
  horizon: Horizon.nullable(),
  leaveOut: z.array(z.string()).max(50),
  metric: Problem.shape.metric.nullable(),
  name: z.string().max(100).nullable(),
  deployment: z.string().nullable(),
  query: z.string().max(300).nullable(),
});
type Reading = z.infer<typeof Reading>;

/**
 * Understands with a language model: at most two calls, the second to repair the first. What it says must be in the
 * catalog; budget and whatever the rules read stand before it. Anything else it does (no answer in time, a refusal,
 * no JSON, a dataset that isn't there) ends in the rules, and the assumptions say which way was taken.
 */
export function understandByModel(model: LanguageModel): Understand {
  return async (text, answers, catalog) => {
    const read = readText(text);
    const request = { request: text.slice(0, 4000), answers, catalog: payloadOf(catalog) };
    const outcome = await askTyped(
      model,
      {
        ...{ schema: Reading, name: "reading" },
        messages: [
          ["system", instructions],
          ["user", JSON.stringify(request)],
        ],
      },
      (reading) => conclude(reading, { read: merged(read, reading, catalog), answers, catalog }),
    );
    if ("found" in outcome)
      return assuming(outcome.found, `understood with the language model ${model.name}, checked against the catalog`);
    const why = `understood by rules: the language model ${outcome.why}`;
    return assuming(understandByRules(text, answers, catalog), why);
  };
}

/** Puts how a request was understood before its other assumptions. */
export function assuming(understood: Understanding, how: string): Understanding {
  if (understood.kind === "question") return understood;
  return { ...understood, assumptions: [how, ...understood.assumptions] };
}

/** What the text says by rules, filled up with what the model says where the rules read nothing. Exclusions add up. */
function merged(read: ReadText, reading: Reading, catalog: CatalogView): ReadText {
  const columns = new Set(sources(catalog).flatMap((dataset) => namesIn(dataset, catalog)));
  const known = reading.leaveOut.filter((name) => columns.has(name));
  const { horizon } = reading;
  return {
    ...read,
    horizon: read.horizon ?? (horizon && { span: horizon, quarter: null, said: `${horizon.count} ${horizon.unit}` }),
    metric: read.metric ?? reading.metric,
    name: read.name ?? (reading.name === null ? null : slug(reading.name)),
    exclusions: [...read.exclusions, ...known.map((said) => ({ said, firm: false }))],
  };
}

const namesIn = (dataset: DatasetView, catalog: CatalogView): string[] =>
  [dataset, ...relatedTo(dataset, sources(catalog))].flatMap((one) =>
    one.columns.flatMap((column) => [column.name, `${one.name}.${column.name}`]),
  );

/** Concludes from what the model said; throws where it isn't in the catalog. */
function conclude(reading: Reading, said: Said): Understanding {
  const { intent } = reading;
  if (intent === "unclear") throw fault("invalid_input", "the request was called unclear");
  if (intent === "find") return concludeFind(reading.query?.trim() ?? "");
  if (intent === "check" || intent === "profile")
    return concludeDataset(intent, someOf(reading.readings.map((one) => datasetOf(one.dataset, said.catalog))), said);
  const deployed = said.catalog.deployments.filter((one) => one.name === reading.deployment);
  if (reading.deployment !== null && deployed.length === 0)
    throw fault("not_found", `there is no deployment ${quoted(reading.deployment)}`);
  if (intent === "drift") return concludeDrift(someOf(deployed), said);
  const standing = intent === "explain" || intent === "slices" || intent === "score" || intent === "improve";
  const byDeployment = standing ? concludeDeployed(intent, deployed, said) : null;
  return (
    byDeployment ?? concludeTarget(intent, someOf(reading.readings.map((one) => candidateOf(one, said.catalog))), said)
  );
}

function someOf<T>(list: readonly T[]): readonly T[] {
  if (list.length === 0) throw fault("not_found", "nothing of the catalog was named");
  return list;
}

function datasetOf(name: string, catalog: CatalogView): DatasetView {
  const found = sources(catalog).find((dataset) => dataset.name === name);
  if (!found) throw fault("not_found", `there is no dataset ${quoted(name)}`);
  return found;
}

function candidateOf(one: Reading["readings"][number], catalog: CatalogView): Candidate {
  const dataset = datasetOf(one.dataset, catalog);
  const made = { dataset, score: 1, strong: true, told: 1, because: "as the language model reads the request" };
  if (one.column !== null) {
    const column = dataset.columns.find((each) => each.name === one.column);
    if (!column) throw fault("not_found", `${dataset.name} has no column ${quoted(one.column)}`);
    return { ...made, target: { kind: "column", column: column.name } };
  }
  const interval = intervalOf(dataset, sources(catalog));
  if (!one.ends || !interval) throw fault("not_found", `no column or interval of ${dataset.name} was named`);
  return { ...made, target: { kind: "ended", word: interval.lasting ? "churn" : "end", ...interval } };
}

const quoted = (name: string): string => JSON.stringify(name.slice(0, 80));
