import type { Feature } from "@muster/shared/domain/feature.ts";
import { columns } from "@muster/shared/features/testing.ts";
import { flatProblem, testProblem } from "@muster/shared/features/testing-problem.ts";
import { expect, it } from "vitest";
import { mayTellOf } from "./may-tell.ts";

const past = { table: "flat", key: "card", localKey: "card", time: "at", arrived: null };
const most = (name: string, column: string, more = {}): Feature => ({
  ...{ kind: "window", name, ...past, aggregate: "max", column, days: 1, where: null },
  ...more,
});
const features: Feature[] = [
  { kind: "column", name: "amount", column: "amount", type: "number" },
  { kind: "recency_days", name: "since", ...past },
  most("max", "amount"),
  most("settled", "settled", { aggregate: "count" }),
  most("when", "amount", { where: { column: "settled", equals: null } }),
  most("due", "amount", { time: "settled" }),
  most("elsewhere", "amount", { table: "other" }),
  { kind: "label_rate", name: "rate", key: "card", days: 7, delayDays: 5 },
  { kind: "label_rate", name: "early", key: "card", days: 7, delayDays: 4 },
];
const schema = columns("card:text", "at:timestamp", "settled:date", "amount:number", "left:text");

it("only what is made of rows before the own one, or of labels known by then, may tell the target however strongly", () => {
  const problem = flatProblem({ time: "at", labelDelayDays: 5 });
  expect(mayTellOf(features, problem, schema)).toEqual(["since", "max", "rate"]);
});

it("nothing may where labels are known at once, rows have no time or are taken at cutoffs", () => {
  expect(mayTellOf(features.slice(-2), flatProblem({ time: "at" }), schema)).toEqual([]);
  expect(mayTellOf(features, flatProblem({ labelDelayDays: 5 }), schema)).toEqual([]);
  expect(mayTellOf(features, testProblem({ dataset: "flat" }), schema)).toEqual([]);
});
