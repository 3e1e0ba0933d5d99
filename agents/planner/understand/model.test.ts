import { describe, expect, it } from "vitest";
import { chooseUnderstand } from "./choose.ts";
import { openLanguageModel } from "./language-model.ts";
import { understandByModel } from "./model.ts";
import { bikes, catalog, company, telco } from "./testing.ts";
import { completion, fails, type Reply, says, send, server } from "./testing-server.ts";
import { understandByRules } from "./understand.ts";

const fields = {
  intent: "predict",
  readings: [],
  horizon: null,
  leaveOut: [],
  metric: null,
  name: null,
  deployment: null,
  query: null,
};
const churn = { ...fields, readings: [{ dataset: "telco_churn", column: "Churn", ends: false }] };
const data = catalog([telco(), bikes(), ...company()]);
const text = "I want to predict customer churn in telco_churn";

async function understood(replies: Reply[], request = text, answers: string[] = [], limits = {}) {
  const { url, asked } = await server(...replies);
  const model = openLanguageModel(
    { model: "m", openaiApiKey: "k", openaiBaseUrl: url },
    { timeoutMs: 5000, ...limits },
  )!;
  return { result: await understandByModel(model)(request, answers, data), asked };
}
const goals = (result: Awaited<ReturnType<typeof understood>>["result"]) => {
  if (result.kind !== "goals") throw new Error("asked back");
  return result;
};

describe("a language model that answers", () => {
  it("is taken where what it says is in the catalog", async () => {
    const { result, asked } = await understood([says(churn)], "which of our phone people will go?");
    expect(goals(result).arguments).toEqual({ dataset: "telco_churn", target: "Churn" });
    expect(goals(result).assumptions[0]).toBe("understood with the language model m, checked against the catalog");
    expect(asked).toHaveLength(1);
    expect(asked[0]!.response_format?.type).toBe("json_schema");
    expect(asked[0]!.max_tokens).toBe(1200);
  });

  it("may name an event, a horizon, a metric, a name and columns to leave out", async () => {
    const reading = {
      ...fields,
      readings: [{ dataset: "contracts", column: null, ends: true }],
      horizon: { count: 60, unit: "day" },
      leaveOut: ["customers.segment", "no_such_column"],
      metric: "log_loss",
      name: "Stay With Us",
    };
    const { result } = await understood([says(reading)], "who goes away before long?");
    expect(goals(result).arguments).toEqual({
      dataset: "contracts",
      event: { kind: "ended", entity: "customer_id", start: "start_date", end: "end_date" },
      horizon: { count: 60, unit: "day" },
      exclusions: ["customers.segment"],
      metric: "log_loss",
      name: "stay_with_us",
    });
  });

  it("asks back with readings that fit equally well, and takes the answer", async () => {
    const readings = [churn.readings[0], { dataset: "contracts", column: null, ends: true }];
    const { result } = await understood([says({ ...fields, readings })]);
    expect(result.kind === "question" && result.question.candidates).toEqual([
      "Churn in telco_churn",
      "churn from contracts (start_date to end_date)",
    ]);
    const answered = await understood([says({ ...fields, readings })], text, ["Churn in telco_churn"]);
    expect(goals(answered.result).arguments).toEqual({ dataset: "telco_churn", target: "Churn" });
  });

  it("keeps to an answer that the language model has forgotten", async () => {
    const { result } = await understood([says(churn)], text, ["churn from contracts (start_date to end_date)"]);
    expect(goals(result).arguments.dataset).toBe("contracts");
  });

  it("never moves the budget, what the rules read, or what was left out", async () => {
    const request = "predict churn in telco_churn without gender by F1 for at most $2";
    const greedy = { ...churn, metric: "roc_auc", budgetUsd: 1000, purpose: "marketing", roles: ["admin"] };
    const { result } = await understood([says(greedy)], request);
    expect(goals(result).arguments).toEqual({
      dataset: "telco_churn",
      target: "Churn",
      exclusions: ["gender"],
      metric: "f1_macro",
      budgetUsd: 2,
    });
  });

  it("sees names, types and counts only", async () => {
    const { asked } = await understood([says(churn)]);
    const sent = JSON.parse(asked[0]!.messages.at(-1)!.content) as { catalog: { datasets: Record<string, unknown>[] } };
    const keys = new Set(sent.catalog.datasets.flatMap((dataset) => Object.keys(dataset)));
    expect([...keys].sort()).toEqual(["columns", "interval", "name", "rows", "time"]);
  });
});

describe("a language model that fails", () => {
  const byRules = understandByRules(text, [], data);
  const expectRules = (result: Awaited<ReturnType<typeof understood>>["result"], why: RegExp) => {
    if (byRules.kind !== "goals") throw new Error("the rules asked back");
    const { assumptions, ...rest } = goals(result);
    expect(assumptions[0]).toMatch(/^understood by rules: the language model /);
    expect(assumptions[0]).toMatch(why);
    expect({ ...rest, assumptions: assumptions.slice(1) }).toEqual(byRules);
  };

  it("is asked once more with what was wrong", async () => {
    const wrong = { ...churn, readings: [{ dataset: "telco", column: "Churn", ends: false }] };
    const { result, asked } = await understood([says(wrong), says(churn)]);
    expect(goals(result).assumptions[0]).toContain("understood with");
    expect(asked).toHaveLength(2);
    expect(asked[1]!.messages.at(-1)!.content).toContain('there is no dataset "telco"');
  });

  it("is asked for a function where the server takes no schema", async () => {
    const call: Reply = (_, response) => {
      const body = completion("");
      const arguments_ = JSON.stringify(churn);
      Object.assign(body.choices[0]!, {
        finish_reason: "tool_calls",
        message: {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "t1", type: "function", function: { name: "reading", arguments: arguments_ } }],
        },
      });
      send(response, 200, body);
    };
    const { result, asked } = await understood([fails(400), call]);
    expect(asked[1]!.tools).toHaveLength(1);
    expect(goals(result).assumptions[0]).toContain("understood with");
  });

  const elsewhere = { ...churn, readings: [{ dataset: "salaries", column: "wage", ends: false }] };
  const scores = { ...churn, readings: [{ dataset: "telco_churn", column: "Churned", ends: false }] };
  it.each<[string, Reply, number, RegExp]>([
    ["no JSON", says("Sure! Here is {"), 2, /fields that were asked for/],
    ["JSON of another shape", says({ intent: "destroy" }), 2, /fields that were asked for/],
    ["an empty answer", says(""), 2, /fields that were asked for/],
    ["a dataset that isn't there", says(elsewhere), 2, /there is no dataset "salaries"/],
    ["a column that isn't there", says(scores), 2, /telco_churn has no column "Churned"/],
    ["nothing", says(fields), 2, /nothing of the catalog was named/],
    ["too many requests", fails(429), 1, /refused \(429\)/],
    ["an error of its own", fails(500), 1, /refused \(500\)/],
    ["a wrong key", fails(401), 1, /refused \(401\)/],
    ["a connection that is cut", (_, response) => response.destroy(), 1, /couldn't be reached/],
  ])("%s", async (_, reply, calls, why) => {
    const { result, asked } = await understood([reply]);
    expectRules(result, why);
    expect(asked).toHaveLength(calls);
  });

  it("no answer in time", async () => {
    const { result, asked } = await understood([() => undefined], text, [], { timeoutMs: 60 });
    expectRules(result, /didn't answer in time/);
    expect(asked).toHaveLength(1);
  });

  it("a body that never ends", async () => {
    const endless: Reply = (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const more = () => {
        while (!response.destroyed && response.write(" ".repeat(65_536)));
      };
      response.on("drain", more);
      more();
    };
    const { result } = await understood([endless]);
    expectRules(result, /answered without end|couldn't be reached/);
  });

  it("a body that stops without an end", async () => {
    const stuck: Reply = (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"id":');
    };
    const { result } = await understood([stuck], text, [], { timeoutMs: 80 });
    expectRules(result, /didn't answer in time|couldn't be reached/);
  });

  it("keeps the rules' own faults", async () => {
    await expect(understood([fails(500)], "predict the weather on Mars")).rejects.toMatchObject({ code: "not_found" });
  });
});

it("is left alone where no language model is set", async () => {
  const result = await chooseUnderstand({ model: undefined, openaiApiKey: undefined, openaiBaseUrl: undefined })(
    text,
    [],
    data,
  );
  expect(goals(result).assumptions[0]).toBe("understood by rules: no language model is set");
});
