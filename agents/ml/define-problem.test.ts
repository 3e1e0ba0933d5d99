import { hashOf } from "@muster/shared/canonical.ts";
import { Problem } from "@muster/shared/domain/problem.ts";
import { columns, createTable, testEngine } from "@muster/shared/features/testing.ts";
import { describe, expect, it } from "vitest";
import { type DatasetFacts, measureFacts, newestEvent, uniqueColumns } from "./dataset-facts.ts";
import { defineProblem, type ProblemRequest, slug } from "./define-problem.ts";

const flat = (changes: Partial<DatasetFacts> = {}, more: Partial<DatasetFacts["manifest"]> = {}): DatasetFacts => ({
  manifest: {
    name: "telco",
    rows: 1000,
    columns: columns("customerID:text", "tenure:integer", "Monthly Charges:number", "seen:date", "Churn:text"),
    time: null,
    arrived: null,
    ...more,
  },
  timeRange: { seen: { min: "2026-01-01T00:00:00.000Z", max: "2026-06-01T00:00:00.000Z" } },
  distinct: { customerID: 1000, tenure: 72, "Monthly Charges": 700, seen: 100, Churn: 2 },
  missing: { customerID: 0, tenure: 0, "Monthly Charges": 11, seen: 0, Churn: 0 },
  classes: [
    { label: "No", rows: 700 },
    { label: "Yes", rows: 300 },
  ],
  ...changes,
});
const ask = (request: Partial<ProblemRequest> = {}): ProblemRequest => ({
  dataset: "telco",
  target: "Churn",
  ...request,
});

describe("a problem of a flat table", () => {
  it("is binary with the conventional class as event, the key as entity and whole entities held out", () => {
    const problem = defineProblem(ask(), flat(), null);
    expect(Problem.parse(problem)).toEqual(problem);
    expect(problem).toMatchObject({
      name: "churn",
      task: "binary",
      metric: "roc_auc",
      entity: "customerID",
      time: null,
      label: { kind: "column", column: "Churn", positive: "Yes" },
      holdout: { kind: "entities", share: 0.2 },
      cutoffs: { training: [], holdout: null, scoring: null },
    });
    expect(problem.assumptions.join(" ")).toMatch(/can't be checked/);
    expect(problem.sentence).toContain("is Churn = Yes?");
  });

  it("has the hash of everything else, and another hash with another exclusion", () => {
    const { hash, ...rest } = defineProblem(ask(), flat(), null);
    expect(hash).toBe(hashOf(rest));
    expect(defineProblem(ask(), flat(), null).hash).toBe(hash);
    expect(defineProblem(ask({ exclusions: ["tenure"] }), flat(), null).hash).not.toBe(hash);
  });

  it("holds out the last of its event time where it has one", () => {
    const problem = defineProblem(ask(), flat({}, { time: "seen" }), "2026-06-01T00:00:00.000Z");
    expect(problem).toMatchObject({ time: "seen", holdout: { kind: "last_time", share: 0.2, time: "seen" } });
  });

  it("takes the rarer class as event where neither is called like one, and says so", () => {
    const classes = [
      { label: "good", rows: 700 },
      { label: "doubtful", rows: 300 },
    ];
    const problem = defineProblem(ask(), flat({ classes }), null);
    expect(problem.label).toMatchObject({ positive: "doubtful" });
    expect(problem.assumptions[0]).toMatch(/the rarer class/);
    expect(defineProblem(ask({ positive: "GOOD" }), flat({ classes }), null).label).toMatchObject({ positive: "good" });
  });

  it.each<[string, string, Record<string, number>, string, string]>([
    ["many numbers", "tenure", {}, "regression", "rmse"],
    ["few numbers", "tenure", { tenure: 7 }, "multiclass", "roc_auc"],
    ["fractions", "Monthly Charges", {}, "regression", "rmse"],
  ])("reads the task from the label: %s", (_, target, distinct, task, metric) => {
    const classes = Array.from({ length: 7 }, (_, i) => ({ label: String(i), rows: 100 }));
    const facts = flat({
      distinct: { ...flat().distinct, ...distinct },
      classes: task === "regression" ? null : classes,
    });
    expect(defineProblem(ask({ target }), facts, null)).toMatchObject({ task, metric });
  });

  it("finds columns in another case or punctuation", () => {
    const problem = defineProblem(ask({ target: "churn", exclusions: ["monthly_charges", "TENURE"] }), flat(), null);
    expect(problem).toMatchObject({ target: "Churn", exclusions: ["Monthly Charges", "tenure"] });
  });

  it.each<[string, Partial<ProblemRequest>, Partial<DatasetFacts>, string, RegExp]>([
    ["an unknown target", { target: "Churm" }, {}, "not_found", /did you mean Churn\?/],
    [
      "a target of one class",
      {},
      { distinct: { ...flat().distinct, Churn: 1 }, classes: [{ label: "No", rows: 1000 }] },
      "unfit",
      /one class/,
    ],
    ["a target without values", {}, { distinct: { ...flat().distinct, Churn: 0 }, classes: [] }, "unfit", /no value/],
    ["a date as target", { target: "seen" }, {}, "unfit", /is a date/],
    ["a name as target", { target: "customerID" }, { classes: null }, "unfit", /too many for classes/],
    ["a regression on text", { task: "regression" }, {}, "invalid_input", /no amount/],
    ["a metric of another task", { metric: "rmse" }, {}, "invalid_input", /can't judge/],
    ["an unknown positive class", { positive: "maybe" }, {}, "not_found", /no class/],
    ["an unknown exclusion", { exclusions: ["tenur"] }, {}, "not_found", /did you mean tenure/],
    ["the target as exclusion", { exclusions: ["Churn"] }, {}, "invalid_input", /can't be excluded/],
    [
      "nothing beside the target",
      { exclusions: ["customerID", "tenure", "Monthly Charges", "seen"] },
      {},
      "unfit",
      /no column beside Churn/,
    ],
    ["nothing to predict", { target: undefined }, {}, "invalid_input", /one of them/],
    [
      "62 rows of the rarer class",
      {},
      {
        classes: [
          { label: "No", rows: 938 },
          { label: "Yes", rows: 62 },
        ],
      },
      "unfit",
      /49 rows of the rarer class to develop on; at least 50/,
    ],
    [
      "99 rows of the rarer class",
      {},
      {
        classes: [
          { label: "No", rows: 901 },
          { label: "Yes", rows: 99 },
        ],
      },
      "unfit",
      /19 rows of the rarer class in the hold-out; at least 20/,
    ],
  ])("is refused for %s", (_, request, facts, code, message) => {
    const define = () => defineProblem(ask(request), flat(facts), null);
    expect(define).toThrow(expect.objectContaining({ code }));
    expect(define).toThrow(message);
  });

  it("makes slugs that begin with a letter", () => {
    expect(["MonthlyCharges", "TX_FRAUD", "2nd Größe!", "数"].map(slug)).toEqual([
      "monthly_charges",
      "tx_fraud",
      "nd_gro_e",
      "target",
    ]);
  });
});

describe("a problem of intervals that end", () => {
  const contracts = (changes: Partial<DatasetFacts> = {}): DatasetFacts => ({
    manifest: {
      name: "contracts",
      rows: 12_000,
      columns: columns("contract_id:text", "customer_id:text", "start_date:date", "end_date:date"),
      time: "start_date",
      arrived: null,
    },
    timeRange: {
      start_date: { min: "2014-01-01T00:00:00.000Z", max: "2026-06-29T00:00:00.000Z" },
      end_date: { min: "2015-01-01T00:00:00.000Z", max: "2026-06-30T00:00:00.000Z" },
    },
    distinct: { customer_id: 10_000 },
    missing: {},
    classes: null,
    ...changes,
  });
  const usage: DatasetFacts = {
    manifest: {
      name: "usage",
      rows: 500_000,
      columns: columns("customer_id:text", "week:date"),
      time: "week",
      arrived: null,
    },
    timeRange: { week: { min: "2025-01-05T00:00:00.000Z", max: "2026-06-28T00:00:00.000Z" } },
    distinct: { customer_id: 10_000 },
    missing: {},
    classes: null,
  };
  const NOW = "2026-06-30T23:12:00.000Z";
  const request = (changes: Partial<ProblemRequest> = {}): ProblemRequest => ({
    dataset: "contracts",
    event: { kind: "ended", entity: "customer_id", start: "start_date", end: "end_date" },
    horizon: { quarter: "Q3" },
    name: "churn",
    ...changes,
  });

  it("learns from the closed quarters that the event tables reach back to, and holds out the latest", () => {
    const problem = defineProblem(request(), contracts(), NOW, [usage]);
    expect(Problem.parse(problem)).toEqual(problem);
    expect(problem.cutoffs).toEqual({
      training: ["2025-04-01", "2025-07-01", "2025-10-01"],
      holdout: "2026-01-01",
      scoring: "2026-07-01",
    });
    expect(problem).toMatchObject({
      entity: "customer_id",
      horizon: { count: 1, unit: "quarter" },
      labelDelayDays: 30,
      task: "binary",
    });
    expect(problem.sentence).toMatch(/running on 2026-07-01: will it end \(end_date\) by 2026-10-01/);
    expect(problem.assumptions[0]).toBe("Q3 is read as Q3 2026, against the data's last day, 2026-06-30.");
  });

  it("takes at most eight cutoffs where nothing else bounds the history", () => {
    const { training, holdout } = defineProblem(request(), contracts(), NOW).cutoffs;
    expect([training[0], training.length, holdout]).toEqual(["2024-04-01", 7, "2026-01-01"]);
  });

  it("counts a window as closed only with its grace", () => {
    const at = (now: string) =>
      defineProblem(request({ horizon: { quarter: "Q2" } }), contracts(), now).cutoffs.holdout;
    expect(at("2026-04-30T23:59:59.000Z")).toBe("2025-10-01");
    expect(at("2026-05-01T00:00:00.000Z")).toBe("2026-01-01");
  });

  it("scores from the next day for a length without a name", () => {
    const problem = defineProblem(
      request({ horizon: { count: 90, unit: "day" } }),
      contracts(),
      "2026-05-15T10:00:00.000Z",
      [usage],
    );
    expect(problem.cutoffs).toMatchObject({ scoring: "2026-05-16", holdout: "2025-11-17" });
  });

  it("reads a quarter that has begun, one that is over and one that begins later, and says so", () => {
    const define = (quarter: "Q1" | "Q2" | "Q3", year?: number) =>
      defineProblem(request({ horizon: { quarter, year } }), contracts(), "2026-05-15T10:00:00.000Z");
    expect(define("Q2").cutoffs.scoring).toBe("2026-04-01");
    expect(define("Q2").assumptions.join(" ")).toMatch(/has begun/);
    expect(define("Q3").cutoffs.scoring).toBe("2026-05-16");
    expect(define("Q3").assumptions.join(" ")).toMatch(/begins after the data end/);
    expect(define("Q1").assumptions.join(" ")).toMatch(/Q1 2027/);
    expect(() => define("Q1", 2026)).toThrow(/is over by the data's last day/);
  });

  it("is unfit with fewer than two closed cutoffs, with what is needed", () => {
    const young = { ...usage, timeRange: { week: { min: "2025-09-07T00:00:00.000Z", max: NOW } } };
    expect(() => defineProblem(request(), contracts(), NOW, [young])).toThrow(
      /two earlier periods of one quarter .* only 2026-01-01/,
    );
  });

  it.each<[string, Partial<ProblemRequest>, Partial<DatasetFacts>, string | null, string]>([
    [
      "an unknown end",
      { event: { kind: "ended", entity: "customer_id", start: "start_date", end: "finish" } },
      {},
      NOW,
      "not_found",
    ],
    [
      "a start that is text",
      { event: { kind: "ended", entity: "customer_id", start: "contract_id", end: "end_date" } },
      {},
      NOW,
      "invalid_input",
    ],
    ["nothing that ended", {}, { timeRange: { ...contracts().timeRange, end_date: null } }, NOW, "unfit"],
    ["no now", {}, {}, null, "unfit"],
    ["another task", { task: "regression" }, {}, NOW, "invalid_input"],
    ["the entity excluded", { exclusions: ["customer_id"] }, {}, NOW, "invalid_input"],
  ])("is refused for %s", (_, changes, facts, now, code) => {
    expect(() => defineProblem(request(changes), contracts(facts), now)).toThrow(expect.objectContaining({ code }));
  });

  it("takes exclusions of other tables by their name", () => {
    const problem = defineProblem(request({ exclusions: ["usage.WEEK", "contract_id"] }), contracts(), NOW, [usage]);
    expect(problem.exclusions).toEqual(["contract_id", "usage.week"]);
  });
});

describe("the facts of a dataset", () => {
  it("are measured by column, with the target's classes", async () => {
    const engine = await testEngine();
    try {
      const schema = columns("id:integer", "day:date", "none:timestamp", 'odd "name:text');
      await createTable(engine, "t", {
        columns: schema,
        rows: [
          [1, "2026-01-01", null, "a"],
          [2, "2026-02-01", null, "b"],
          [3, null, null, "a"],
        ],
      });
      const manifest = { name: "t", rows: 3, columns: schema, time: "day", arrived: null };
      const facts = await measureFacts(engine, "t", manifest, 'odd "name');
      expect(facts.timeRange).toEqual({
        day: { min: "2026-01-01T00:00:00.000Z", max: "2026-02-01T00:00:00.000Z" },
        none: null,
      });
      expect(facts.distinct).toEqual({ id: 3, day: 2, none: 0, 'odd "name': 2 });
      expect(facts.missing).toEqual({ id: 0, day: 1, none: 3, 'odd "name': 0 });
      expect(facts.classes).toEqual([
        { label: "a", rows: 2 },
        { label: "b", rows: 1 },
      ]);
      expect(uniqueColumns(facts)).toEqual(["id"]);
      expect(newestEvent([facts])).toBe("2026-02-01T00:00:00.000Z");
    } finally {
      engine.close();
    }
  });
});
