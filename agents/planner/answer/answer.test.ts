import { Answer } from "@muster/shared/domain/request.ts";
import { describe, expect, it } from "vitest";
import { composeAnswer, type Facts } from "./answer.ts";
import { markPattern } from "./cite.ts";
import { groupDropped } from "./dropped.ts";
import { strayFigures } from "./figures.ts";
import { driftFacts, eventFacts, flatFacts, inputFor, step, stepsFor } from "./testing.ts";

const checked: Facts = {
  "quality.passed": {
    dataset: `payments@${"a".repeat(64)}`,
    checks: [
      {
        name: "key_unique",
        success: false,
        severity: "error",
        observed: { repeated: 41 },
        message: "41 keys come more than once",
        rows: null,
      },
      { name: "fresh", success: true, severity: "warn", observed: {}, message: "", rows: null },
    ],
    statistics: { evaluated: 9, successful: 8, older: 0 },
    repair: ["load the rows once"],
  },
};
const profiled: Facts = {
  "dataset.profiled": {
    dataset: "people",
    version: "a".repeat(64),
    rows: 3000,
    duplicates: { rows: 2, share: 2 / 3000 },
    columns: [
      {
        name: "email",
        type: "text",
        nulls: 30,
        nullShare: 0.01,
        distinct: 2970,
        uniqueShare: 1,
        constant: false,
        idLike: true,
        top: [{ value: "secret@example.com", count: 1 }],
        number: null,
        text: null,
        time: null,
      },
      {
        name: "state",
        type: "text",
        nulls: 0,
        nullShare: 0,
        distinct: 50,
        uniqueShare: 0.02,
        constant: false,
        idLike: false,
        top: [{ value: "Ohio", count: 60 }],
        number: null,
        text: null,
        time: null,
      },
    ],
  },
  "dataset.classified": {
    columns: [
      {
        name: "email",
        tags: [{ kind: "email", by: "values", share: 1, checked: 100, confidence: 0.97 }],
        pii: true,
        identifier: "direct",
        missedShare: 0,
        why: "",
      },
      { name: "state", tags: [], pii: false, identifier: null, missedShare: 0, why: "" },
    ],
  },
};
const hits = { hits: [{ dataset: "customers", score: 2, why: [] }], verdict: "1 found: customers" };

const all = {
  "the main job": inputFor("predict", eventFacts()),
  "a flat table": inputFor("predict", flatFacts()),
  "a training": inputFor("train", eventFacts()),
  "a standing answer": inputFor("predict", eventFacts(), {
    steps: [],
    standing: true,
    requests: { "deployment.live": "req_old1" },
  }),
  "a drift check": inputFor("drift", driftFacts()),
  "a quality check": inputFor("check", checked),
  "a profile": inputFor("profile", profiled),
  "a search": inputFor("call", {}, { steps: [step("s9", "asked for", "catalog.search_datasets")], output: hits }),
};

describe("every answer", () => {
  it.each(Object.entries(all))("%s: is of the contract", (_, input) => {
    expect(Answer.parse(composeAnswer(input))).toEqual(composeAnswer(input));
  });

  it.each(Object.entries(all))("%s: every figure of the text stands in a field", (_, input) => {
    const answer = composeAnswer(input);
    expect(strayFigures(answer.text, answer)).toEqual([]);
  });

  it.each(Object.entries(all))("%s: every sentence ends with the mark of a step or an earlier request", (_, input) => {
    const { text } = composeAnswer(input);
    const known = new Set([...input.steps.map((one) => one.id), "req_old1", "standing"]);
    for (const match of text.matchAll(markPattern)) expect(known).toContain(match[1]);
    const between = text.split(markPattern).filter((part) => !known.has(part));
    expect(between.pop()).toBe("");
    for (const part of between) expect(part.trim()).not.toMatch(/\.\s+\p{Lu}/u);
  });
});

describe("the check of figures", () => {
  it("finds a number that stands nowhere", () => {
    const answer = composeAnswer(all["the main job"]);
    expect(strayFigures(`${answer.text} It will save 1250000 USD.`, answer)).toEqual(["1250000"]);
    expect(strayFigures("It reaches 0.86.", answer)).toEqual(["0.86"]);
    expect(strayFigures("It reaches 0.85 on 9512 rows; column_77 is a name.", answer)).toEqual([]);
  });
});

it("an ensemble is told with what it is made of, and every figure of it stands in a field", () => {
  const input = structuredClone(all["the main job"]);
  const run = input.facts["run.finished"]!;
  const reason =
    "its lead over xgboost of 0.0031 pays (at least 0.0012 with 95 % confidence, by 1000 paired resamples)";
  run.algorithm = "ensemble";
  for (const one of run.board) one.chosen = false;
  run.board.push({
    ...{ algorithm: "ensemble", parameters: { setting: "ensemble", members: "0.4000 × linear + 0.7213 × xgboost" } },
    ...{ cv: { roc_auc: { mean: 0.8492, se: 0.0041 } }, seconds: 0.2, chosen: true, reason },
  });
  const answer = composeAnswer(input);
  expect(answer.text).toContain("is an ensemble (0.4000 × linear + 0.7213 × xgboost)");
  expect(answer.text).toContain(`Chosen: ensemble, ${reason}`);
  expect(strayFigures(answer.text, answer)).toEqual([]);
});

describe("the main job", () => {
  const answer = composeAnswer(all["the main job"]);

  it("shows the problem, the model, where it serves and what it cost", () => {
    expect(answer.problem).toEqual({
      sentence: "Will it end?",
      population: "every customer_id with a row of contracts running on 2026-07-01",
      entity: "customer_id",
      cutoffs: ["2025-07-01", "2025-10-01", "2026-01-01", "2026-07-01"],
      horizon: "1 quarter",
      label:
        "end_date of contracts falls inside the horizon and no new one of the same customer_id starts within 30 days",
      labelDelay: "30 days",
      task: "binary",
      metric: "roc_auc",
    });
    expect(answer.model).toMatchObject({
      name: "churn",
      version: 3,
      algorithm: "xgboost",
      holdoutLook: 1,
      threshold: 0.3107,
    });
    expect(answer.predictions).toEqual({ dataset: "churn_scores", rows: 9512 });
    expect(answer.monitoring).toEqual({ schedule: "0 2 * * *", nextRun: "2026-11-22T02:00:00Z" });
    expect(answer.cost).toMatchObject({
      estimatedUsd: 0.0002,
      estimatedCpuSeconds: 10,
      actualCpuSeconds: 12.34,
      peakMemoryMb: 211.7,
    });
    expect(answer.cost!.actualUsd).toBeCloseTo(0.0002468, 10);
  });

  it("says it in plain words", () => {
    expect(answer.text).toContain(
      "On the sealed hold-out it reaches roc_auc 0.850 (95 % interval 0.830 to 0.870); always saying the same gives 0.500; this was look 1 at it. [s00000006]",
    );
    expect(answer.text).toContain(
      "Cross-validated roc_auc: constant 0.500 ± 0.000, linear 0.839 ± 0.005, xgboost 0.846 ± 0.004.",
    );
    expect(answer.text).toContain("Not ranked: random_forest, skipped: needs 512 MB, had 256.");
    expect(answer.text).toContain(
      "Most strongly associated with its output, as shares of all contributions: usage_weekly.logins 0.412, payments.status 0.223.",
    );
    expect(answer.text).toContain("9512 scores stand in the dataset churn_scores.");
  });

  it("says what was left out and why, with the number that shows a leak", () => {
    expect(answer.text).toContain(
      "Left out, since they give the answer away: contracts.termination_code (0.999) and plan_code (0.999).",
    );
    expect(answer.text).toContain("Left out, since they are overwritten in place: customers.account_status (0.412).");
    expect(answer.text).toContain("Left out, since they are personal data: customers.email. [s00000002]");
    expect(answer.model!.dropped.find((one) => one.name === "customers.email")?.reason).toContain("personal data");
  });

  it("warns of an exploratory model and of one that is no better than a constant", () => {
    const facts = eventFacts();
    facts["model.evaluated"] = { ...facts["model.evaluated"]!, exploratory: true };
    facts["run.finished"] = { ...facts["run.finished"]!, beatsConstant: false };
    expect(composeAnswer(inputFor("predict", facts)).text).toContain("It is exploratory");
    expect(composeAnswer(inputFor("predict", facts)).text).toContain("no better than always saying the same");
  });
});

it("tells what was changed so that a training fits into its memory, and what that cost", () => {
  const facts = eventFacts();
  const why = { limitMb: 700, peakMemoryMb: 701.2, rows: 90_000, columns: 100, estimatedMb: 300 };
  const score = { metric: "roc_auc", without: 0.812, with: 0.811, trainedOn: 12_000, rows: 6_000 };
  const streamed = { what: "streamed" as const, from: "rows in memory", to: "rows streamed in batches", why };
  facts["run.finished"] = { ...facts["run.finished"]!, adjustments: [{ ...streamed, score, unmeasured: null }] };
  const answer = composeAnswer(inputFor("predict", facts));
  expect(answer.text).toContain(
    "changed: 90000 rows × 100 columns took 701 MB of 700, so rows streamed in batches instead of rows in memory (roc_auc 0.811 instead of 0.812 on the same 6000 rows).",
  );
  expect(answer.model!.adjustments).toHaveLength(1);
});

it("says that a model's settings were searched for by an earlier request, and only then", () => {
  const facts = eventFacts();
  const run = facts["run.finished"]!;
  const board = run.board.map((one) => ({ ...one, parameters: { setting: `${one.algorithm}_tuned` } }));
  const search = { candidates: board.map(({ parameters }) => ({ id: parameters.setting })) } as never;
  const tuned = { ...facts, "run.finished": { ...run, board }, "parameters.tuned": search };
  const said =
    'Its settings are those that an earlier request found best by a search; say "tune" to search anew. [req_t]';
  const requests = { "parameters.tuned": "req_t" };
  expect(composeAnswer(inputFor("train", tuned, { requests, steps: stepsFor(facts) })).text).toContain(said);
  expect(composeAnswer(inputFor("train", tuned)).text).not.toContain("by a search");
  // What wasn't searched is the same with and without a search.
  const plain = run.board.map((one) => ({ ...one, parameters: { setting: one.algorithm } }));
  const half = { candidates: [{ id: "constant" }, { id: "xgboost_tuned" }] } as never;
  const untouched = { ...facts, "run.finished": { ...run, board: plain }, "parameters.tuned": half };
  expect(composeAnswer(inputFor("train", untouched, { requests })).text).not.toContain("by a search");
});

it("says that an answer stood already, and which request gave it", () => {
  const answer = composeAnswer(all["a standing answer"]);
  expect(answer.text).toMatch(
    /^This is answered from the standing deployment churn: nothing was trained anew\. \[req_old1\]/,
  );
  expect(answer.cost).toEqual({
    estimatedUsd: 0,
    actualUsd: 0,
    estimatedCpuSeconds: 0,
    actualCpuSeconds: 0,
    seconds: 14.26,
    peakMemoryMb: 0,
  });
  expect(answer.text).not.toContain("cost");
});

it("leaves out the parts that a request has no use for", () => {
  const { "deployment.live": _, "predictions.written": __, "monitoring.started": ___, ...trained } = eventFacts();
  expect(Object.keys(composeAnswer(inputFor("train", trained)))).toEqual(["text", "problem", "model", "cost"]);
  expect(Object.keys(composeAnswer(all["a drift check"]))).toEqual(["text", "drift"]);
  expect(Object.keys(composeAnswer(all["a search"]))).toEqual(["text", "output"]);
});

it("says whether a dataset may be used", () => {
  const { text } = composeAnswer(all["a quality check"]);
  expect(text).toContain("payments may not be used: 8 of 9 checks hold. [s00000001]");
  expect(text).toContain("Failed: key_unique: 41 keys come more than once.");
  const passed = structuredClone(checked["quality.passed"]!);
  passed.checks = [];
  expect(composeAnswer(inputFor("check", { "quality.passed": passed })).text).toContain("payments may be used");
  passed.statistics = { evaluated: 0, successful: 0, older: 0 };
  expect(composeAnswer(inputFor("check", { "quality.passed": passed })).text).toContain("payments may not be used");
});

it("describes a dataset without a value of it", () => {
  const answer = composeAnswer(all["a profile"]);
  expect(answer.text).toContain("people holds 3000 rows of 2 columns");
  expect(answer.text).toContain("Personal data: email. [s00000002]");
  expect(JSON.stringify(answer)).not.toMatch(/secret|Ohio/);
});

it.each([
  ["drifted", /The data of churn have drifted: 2 of 9 columns/],
  ["not_drifted", /have not drifted/],
  ["abstained", /can't be told to have drifted or not/],
] as const)("a drift check that ends %s", (verdict, words) => {
  const facts = driftFacts();
  facts["drift.checked"] = { ...facts["drift.checked"]!, report: { ...facts["drift.checked"]!.report, verdict } };
  const answer = composeAnswer(inputFor("drift", facts));
  expect(answer.text).toMatch(words);
  expect(answer.drift!.verdict).toBe(verdict);
});

it("cites the last step that succeeded for a fact, in whatever role", () => {
  const steps = [
    ...stepsFor(eventFacts()).filter((one) => one.because !== "run.finished"),
    step("sfirst", "run.finished"),
    step("sretry", "run.finished (training)"),
    step("slast", "run.finished", "ml.train_model", { status: "failed" }),
  ];
  expect(composeAnswer(inputFor("predict", eventFacts(), { steps })).text).toContain(
    "Cross-validated roc_auc: constant 0.500 ± 0.000, linear 0.839 ± 0.005, xgboost 0.846 ± 0.004. [sretry]",
  );
});

it("answers bare goals by what their last step was for", () => {
  const facts = { ...eventFacts(), ...driftFacts() };
  const sweep = composeAnswer(inputFor("goals", facts, { steps: [step("s1", "drift.checked")], standing: true }));
  expect(Object.keys(sweep)).toEqual(["text", "drift"]);
  expect(Object.keys(composeAnswer(inputFor("goals", eventFacts())))).toContain("model");
});

it("groups by why, and keeps a reason of its own", () => {
  const dropped = [
    { name: "a", reason: "every row has the same value", number: 1 },
    { name: "b", reason: "the moon was full", number: null },
    { name: "c", reason: "excluded by the request", number: null },
  ];
  expect(groupDropped(dropped).map((group) => group.title)).toEqual([
    "the request left them out",
    "they hold nothing to learn from",
    "the moon was full",
  ]);
});
