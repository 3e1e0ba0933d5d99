import { describe, expect, it } from "vitest";
import { Feature } from "../domain/feature.ts";
import { columnsRead, labelLineage, matrixLineage } from "./lineage.ts";
import { flatProblem, testProblem } from "./testing-problem.ts";

const related = { table: "orders", key: "c_key", localKey: "c_local" };
const via = { table: "members", key: "c_via_key", column: "c_via_column" };
const timed = { time: "c_time", arrived: "c_arrived" };
const where = { column: "c_where", equals: "x" };
const filledBy = "c_filled";

/** One of each kind, every column that it can name spelled `c_…`. */
const every: Feature[] = [
  { kind: "column", name: "f", column: "c_a", type: "number", filledBy },
  { kind: "date_part", name: "f", column: "c_a", part: "month", filledBy },
  { kind: "age_days", name: "f", column: "c_a", at: "c_b", filledBy },
  { kind: "ratio", name: "f", numerator: "c_a", denominator: "c_b", filledBy },
  { kind: "difference", name: "f", left: "c_a", right: "c_b", filledBy },
  { kind: "log", name: "f", column: "c_a", filledBy },
  { kind: "text_length", name: "f", column: "c_a", filledBy },
  { kind: "text_words", name: "f", column: "c_a", filledBy },
  { kind: "text_pattern", name: "f", column: "c_a", pattern: "is_url", filledBy },
  { kind: "is_missing", name: "f", column: "c_a", filledBy },
  { kind: "bin", name: "f", column: "c_a", edges: [1], filledBy },
  { kind: "cross", name: "f", columns: ["c_a", "c_b", "c_c"], filledBy },
  { kind: "lookup", name: "f", ...related, via, ...timed, column: "c_a", type: "text", filledBy },
  { kind: "lookup_age_days", name: "f", ...related, ...timed, column: "c_a", filledBy },
  { kind: "lag", name: "f", ...related, ...timed, column: "c_a", type: "text", back: 1, order: "c_order", filledBy },
  { kind: "window", name: "f", ...related, via, ...timed, aggregate: "sum", column: "c_a", days: 7, where, filledBy },
  {
    ...{ kind: "window_ratio", name: "f", ...related, ...timed, aggregate: "sum", column: "c_a", shortDays: 1 },
    ...{ longDays: 7, where, order: "c_order", filledBy },
  },
  { kind: "recency_days", name: "f", ...related, ...timed, order: "c_order" },
  { kind: "mean_ratio", name: "f", ...related, ...timed, column: "c_a", days: 7, order: "c_order", filledBy },
  { kind: "label_rate", name: "f", key: "c_key", days: 30, delayDays: 1 },
  { kind: "target_mean", name: "f", column: "c_a", smoothing: 10, delayDays: null, folds: 5 },
  { kind: "ahead", name: "f", of: "season", column: "c_a", back: 1 },
];

const namesIn = (value: unknown): string[] =>
  typeof value === "string"
    ? value.startsWith("c_")
      ? [value]
      : []
    : value !== null && typeof value === "object"
      ? Object.values(value).flatMap(namesIn)
      : [];

const problem = flatProblem({ time: "at" });
const read = (feature: Feature) => columnsRead(feature, problem, { dataset: "flat" });
const said = (feature: Feature) =>
  read(feature).map((one) => `${one.dataset}.${one.column} ${one.type} ${one.subtype}`);

describe("what a feature reads", () => {
  it("has an example of every kind", () => {
    const kinds = Feature.options.map((option) => option.shape.kind.value);
    expect(every.map(({ kind }) => kind).sort()).toEqual([...kinds].sort());
    for (const feature of every) expect(Feature.safeParse(feature).success).toBe(true);
  });

  it.each(every.map((feature) => [feature.kind, feature] as const))("names every column of a %s", (_, feature) => {
    const columns = read(feature).map(({ column }) => column);
    expect(columns).toEqual(expect.arrayContaining(namesIn(feature)));
    expect(read(feature).some(({ type }) => type === "DIRECT")).toBe(true);
  });

  it("tells values from keys, times and conditions", () => {
    expect(said(every.find(({ kind }) => kind === "window")!).sort()).toEqual([
      "flat.c_local INDIRECT JOIN",
      "members.c_via_column INDIRECT JOIN",
      "members.c_via_key INDIRECT JOIN",
      "orders.c_a DIRECT AGGREGATION",
      "orders.c_arrived INDIRECT WINDOW",
      "orders.c_filled INDIRECT CONDITIONAL",
      "orders.c_key INDIRECT JOIN",
      "orders.c_time INDIRECT WINDOW",
      "orders.c_where INDIRECT FILTER",
    ]);
    expect(said({ kind: "ratio", name: "f", numerator: "a", denominator: "b", filledBy: "b" })).toEqual([
      "flat.a DIRECT TRANSFORMATION",
      "flat.b DIRECT TRANSFORMATION",
    ]);
    expect(said({ kind: "column", name: "f", column: "a", type: "date", filledBy: "d" })).toEqual([
      "flat.a DIRECT IDENTITY",
      "flat.d INDIRECT CONDITIONAL",
    ]);
    expect(said(every.find(({ kind }) => kind === "recency_days")!)).toContain("orders.c_time DIRECT AGGREGATION");
  });

  it("reads the label where it is a rate of labels, and when they were known", () => {
    expect(said(every.find(({ kind }) => kind === "label_rate")!)).toEqual([
      "flat.c_key INDIRECT GROUP_BY",
      "flat.left DIRECT AGGREGATION",
      "flat.at INDIRECT WINDOW",
    ]);
  });
});

describe("what a matrix is made of", () => {
  const pins = [`contracts@${"a".repeat(64)}`];

  it("stands at exact versions, and names the view beside the columns", () => {
    const view = {
      ...{ hash: "h", name: "v", problem: "p", dataset: "contracts", entity: "customer" },
      features: [{ kind: "log" as const, name: "log_price", column: "price" }],
    };
    const lineage = matrixLineage(testProblem(), view, pins, { labelled: true });
    const version = "a".repeat(64);
    const from = { kind: "dataset", namespace: "", name: "contracts", version };
    expect(lineage.find(({ name }) => name === "log_price")!.sources).toEqual([
      {
        from: { kind: "view", namespace: "", name: "v", version: "h" },
        column: "log_price",
        type: "DIRECT",
        subtype: "IDENTITY",
      },
      { from, column: "price", type: "DIRECT", subtype: "TRANSFORMATION" },
    ]);
  });

  it("takes labels from the columns of their rule, which also decide which rows there are", () => {
    const lineage = labelLineage(testProblem(), pins);
    const by = (name: string) =>
      lineage.find((one) => one.name === name)!.sources.map((one) => `${one.column} ${one.subtype}`);
    expect(by("__label")).toEqual(["start CONDITIONAL", "end CONDITIONAL"]);
    expect(by("")).toEqual(["start FILTER", "end FILTER"]);
    expect(by("__entity")).toEqual(["customer TRANSFORMATION"]);
    expect(by("__cutoff")).toEqual([]);
  });

  it("leaves a table out whose version isn't known, rather than to guess one", () => {
    const feature: Feature = { kind: "recency_days", name: "f", ...related, ...timed };
    const view = { hash: "h", name: "v", problem: "p", dataset: "contracts", entity: "customer", features: [feature] };
    const sources = matrixLineage(testProblem(), view, pins, { labelled: true }).find(
      ({ name }) => name === "f",
    )!.sources;
    expect(sources.map(({ from }) => from.name)).toEqual(["v", "contracts"]);
  });
});
