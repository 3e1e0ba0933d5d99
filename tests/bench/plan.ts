import { cardOf, type ToolCard } from "@muster/bus/tool.ts";
import { type Plan, plan } from "@muster/planner/plan.ts";
import { company, dataset, telco } from "@muster/planner/understand/testing.ts";
import { understandByRules } from "@muster/planner/understand/understand.ts";
import type { Goal } from "@muster/shared/domain/request.ts";
import { fault } from "@muster/shared/fault.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { at, type Bench, round, timings } from "../support/measure.ts";
import { findAgents } from "../support/stage.ts";

const datasets = 1000;
const times = 500;
const request = "req_bench";
const texts = [
  "I want to predict customer churn for Q3",
  "predict Churn in telco_churn",
  "train a model that predicts churn from telco_churn without gender, at most 2 USD",
  "check the quality of payments",
  "score telco_churn",
];
const words =
  "order item stock visit plant route claim policy meter sensor batch shift vendor ledger invoice parcel".split(" ");

/** From the words of a request to its frozen plan, by rules, over a large catalog and the cards of all our tools. */
export const bench: Bench = {
  name: "plan",
  does: "request text to frozen plan, without a model, 1,000 datasets in the catalog and the cards of all tools",
  async run() {
    const cards = (await findAgents()).flatMap(({ name, tools }) => tools.map((tool) => cardOf(name, tool)));
    const catalog = { datasets: [...company(), telco(), ...others(datasets - 7)], deployments: [] };
    const cases = [];
    for (const text of texts) {
      const make = async () => planOf(text, catalog, cards);
      const { steps } = await make();
      await timings(50, make);
      const ms = await timings(times, make);
      cases.push({ text, steps: steps.length, p50Ms: round(at(ms, 0.5)), p99Ms: round(at(ms, 0.99)) });
    }
    return {
      figures: {
        worstP99Ms: Math.max(...cases.map(({ p99Ms }) => p99Ms)),
        worstP50Ms: Math.max(...cases.map(({ p50Ms }) => p50Ms)),
        datasets: catalog.datasets.length,
        tools: cards.length,
      },
      cases,
    };
  },
};

function planOf(text: string, catalog: Parameters<typeof understandByRules>[2], cards: readonly ToolCard[]): Plan {
  const understood = understandByRules(text, [], catalog);
  if (understood.kind !== "goals") throw fault("unfit", `the bench's text was answered with a question: ${text}`);
  const about = { request, person: "ada", purpose: "analytics" };
  const deployed = { problem: "p", scope: [], view: "v", training: "t", model: "m", deployment: "churn" };
  return plan({
    request,
    goals: understood.goals as Goal[],
    arguments: understood.arguments,
    cards,
    held: [
      { id: "r1", fact: "request.accepted", about, verdict: "passed", request },
      {
        id: "r2",
        fact: "deployment.live",
        about: { ...deployed, purpose: "analytics" },
        verdict: "passed",
        request: null,
      },
    ],
    call: understood.call ?? null,
  });
}

/** Datasets that the texts don't speak of, by a seeded draw. */
function others(count: number) {
  const random = seededRandom(7);
  const word = () => words[Math.floor(random() * words.length)]!;
  return Array.from({ length: count }, (_, i) => {
    const columns = Array.from(
      { length: 5 + Math.floor(random() * 20) },
      (_, c) => `${word()}_${word()}_${c}:${"nitds"[c % 5]}`,
    );
    return dataset(`${word()}_${word()}_${i}`, `id:i! ${columns.join(" ")}`, { rows: 1000 + i });
  });
}
