import type { Understanding } from "../understanding.ts";
import { datasetsIn } from "./dataset-in.ts";
import { deploymentsIn } from "./deployment.ts";
import { notDeployed, notUnderstood } from "./refuse.ts";
import { settle } from "./settle.ts";
import type { CatalogView, DeploymentView } from "./view.ts";

type Call = { tool: string; input: Record<string, unknown> };
type Operation = {
  /** What says that this is meant. */
  says: RegExp;
  /** The call on the deployment that is meant, by the text. */
  call: (deployment: string, text: string, catalog: CatalogView) => Call;
};

const polite = "^\\s*(?:please\\s+|(?:can|could)\\s+you\\s+|let['’]?s\\s+|i\\s+want\\s+to\\s+)*";
const abTest = /\b(?:a\s*[/-]?\s*b[\s-]*tests?|shadow\s+tests?)\b/i;
const versionIn = (text: string): number | undefined => numberAfter(/\bversion\s+(\d{1,6})\b|\bv(\d{1,6})\b/i, text);

function numberAfter(pattern: RegExp, text: string): number | undefined {
  const match = pattern.exec(text);
  const number = match?.slice(1).find((group) => group !== undefined);
  return number === undefined ? undefined : Number(number);
}

/** The input without what wasn't said. */
const said = (input: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));

const operations: Operation[] = [
  {
    says: /\broll(?:ed|ing)?\b.*\bback\b|\brollback\b|\b(?:go|switch|change)\b.*\bback\s+to\b.*\b(?:version|model)\b/i,
    call: (deployment, text) => ({
      tool: "ml.rollback_deployment",
      input: said({ deployment, version: numberAfter(/\bto\s+(?:version\s+|v)(\d{1,6})\b/i, text) }),
    }),
  },
  {
    says: new RegExp(`${polite}(?:retire|decommission|undeploy)\\b|${polite}(?:take|shut)\\b.*\\bdown\\b`, "i"),
    call: (name, text) => ({ tool: "ml.retire_model", input: said({ name, version: versionIn(text) }) }),
  },
  {
    says: new RegExp(`${polite}(?:end|stop|finish|conclude)\\b.*${abTest.source}|\\bpromote\\b.*\\bchallenger\\b`, "i"),
    call: (deployment, text) => ({
      tool: "ml.end_ab_test",
      input: { deployment, keep: /\bpromote\b|\b(?:keep|with)\b.*\bchallenger\b/i.test(text) ? "challenger" : "live" },
    }),
  },
  { says: abTest, call: testOf },
  {
    says: new RegExp(`${polite}(?:record|log|take\\s+in|load)\\b.*\\boutcomes?\\b`, "i"),
    call: (deployment, text, catalog) => {
      const [dataset, second] = datasetsIn(text.replace(operationWords, " ").replace(deployment, " "), catalog);
      if (!dataset || second) throw notUnderstood(catalog);
      return { tool: "ml.record_outcomes", input: { deployment, dataset: dataset.name } };
    },
  },
];

/** A test to begin where a version is named to test, else how the newest one stands. */
function testOf(deployment: string, text: string): Call {
  const [own = "", other = ""] = text.split(/\b(?:against|versus|vs\.?)\b/i, 2);
  const challenger = versionIn(own);
  if (challenger === undefined) return { tool: "ml.ab_test_models", input: { deployment } };
  const shadow = /\bshadow\b/i.test(text) || undefined;
  const better = /\b(?:higher|more|increase|raise)\b/i.test(text)
    ? "higher"
    : /\b(?:lower|less|fewer|reduce|decrease)\b/i.test(text)
      ? "lower"
      : undefined;
  return {
    tool: "ml.ab_test_models",
    input: said({
      ...{ deployment, challenger, champion: versionIn(other), shadow, better },
      trafficPercent: numberAfter(/(\d{1,2}(?:\.\d+)?)\s*(?:%|percent)\s+(?:of\s+(?:the\s+)?)?traffic/i, text),
      controlPercent: numberAfter(/(\d{1,2}(?:\.\d+)?)\s*(?:%|percent)\s+(?:as\s+(?:a\s+)?)?control/i, text),
      effect: numberAfter(/\b(?:effect|difference)\s+of\s+(\d*\.?\d+)\b(?!\s*%)/i, text),
      // Without a word for which way the outcome is better, what can be compared is how wrong the versions are.
      ...(better === undefined && { measure: "loss" }),
    }),
  };
}

/** Words that say what is done with a deployment, or what it is, and name none. */
const operationWords =
  /\ba\s*[/-]?\s*b[\s-]*tests?\b|\b(?:roll(?:ed|ing)?|rollback|retire|decommission|undeploy|take|down|shut|start|begin|run|running|end|stop|finish|conclude|promote|keep|challenger|champion|shadow|test|tests|testing|against|versus|vs|version|versions|v?\d+(?:\.\d+)?\s*%?|percent|traffic|control|effect|difference|previous|old|older|earlier|back|switch|record|log|load|outcomes?|going|stand|stands|status|results?|verdict|higher|lower|more|less|fewer|deployment)\b/gi;

/**
 * What a text wants done with a deployment beside predicting: rolled back, retired, tested against another version, told what came
 * of it. Null where no word says so. The only deployment there is needs no naming; several are a question; a name that isn't one's
 * is `not_found`, so that a word that was misheard never touches what is live.
 */
export function readOperation(text: string, answers: readonly string[], catalog: CatalogView): Understanding | null {
  const operation = operations.find(({ says }) => says.test(text));
  if (!operation) return null;
  const found = meant(text, catalog);
  if (found.length === 0) throw notDeployed(catalog);
  const options = found.map((one) => ({ phrase: one.name, value: one }));
  const chosen =
    options.length === 1 ? options[0]!.value : answers.length > 0 ? settle(answers.at(-1)!, options) : null;
  if (chosen === null) {
    const candidates = options.slice(0, 6).map((one) => one.phrase);
    return { kind: "question", question: { text: "Which deployment is meant?", candidates } };
  }
  const call = operation.call(chosen.name, text, catalog);
  return { kind: "goals", intent: "call", goals: [], arguments: {}, assumptions: [], call };
}

function meant(text: string, catalog: CatalogView): DeploymentView[] {
  for (const said of [text, text.replace(operationWords, " ")]) {
    const named = new Map(deploymentsIn(said, catalog, false).map((one) => [one.name, one]));
    if (named.size > 0) return [...named.values()];
  }
  const rest = catalog.datasets
    .reduce((left, { name }) => left.replaceAll(name, " "), text)
    .replace(operationWords, " ");
  return [...new Map(deploymentsIn(rest, catalog, true).map((one) => [one.name, one])).values()];
}
