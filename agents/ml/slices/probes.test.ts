import type { Feature } from "@muster/shared/domain/feature.ts";
import { Feature as FeatureShape } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { expect, test } from "vitest";
import { besideOf } from "./beside.ts";
import { probesOf } from "./probes.ts";

const problem = {
  ...{ dataset: "cards", time: "at", entity: "id", label: { kind: "column", column: "fraud", positive: "1" } },
} as unknown as Problem;
const log = { table: "cards", key: "card", localKey: "card", time: "at", arrived: null };
const candidates: Feature[] = [
  { kind: "column", name: "amount", column: "amount", type: "number" },
  { kind: "column", name: "email", column: "email", type: "text" },
  { kind: "ratio", name: "amount_per_fee", numerator: "amount", denominator: "fee" },
  { kind: "window", name: "m", ...log, aggregate: "mean", column: "amount", days: 1, where: null },
  { kind: "window", name: "t", ...log, table: "tickets", aggregate: "count", column: null, days: 30, where: null },
];
const about = { timestamps: new Set(["cards.at"]), pairs: () => 10 };

test("of a log of moments: seconds since, how many in 10 minutes, an hour, a day, and the amount over its mean", () => {
  const probes = probesOf(problem, candidates, about);
  const own = probes.filter(({ feature }) => "table" in feature && feature.table === "cards");
  expect(own.map(({ feature, times }) => [feature.kind, "days" in feature ? feature.days : null, times])).toEqual([
    ["recency_days", null, 86_400],
    ["window", 10 / 1440, 1],
    ["window", 1 / 24, 1],
    ["window", 1, 1],
    ["mean_ratio", null, 1],
  ]);
  // Another table is looked at by days, and has no own row to compare.
  const other = probes.filter((probe) => !own.includes(probe));
  expect(other.map(({ feature }) => [feature.kind, "days" in feature ? feature.days : null])).toEqual([
    ["recency_days", null],
    ["window", 1],
    ["window", 7],
    ["window", 30],
  ]);
  for (const { feature } of probes) expect(FeatureShape.safeParse(feature).success).toBe(true);
});

test("a mean over all history is bounded where arrivals make every row meet every earlier one", () => {
  const arrived = candidates.map((one) => ("table" in one ? { ...one, arrived: "loaded" } : one)) as Feature[];
  const ratio = (pairs: number) =>
    probesOf(problem, arrived, { ...about, pairs: () => pairs }).find(({ feature }) => feature.kind === "mean_ratio")!;
  expect(ratio(1e6).feature).toMatchObject({ days: null });
  expect(ratio(1e9).feature).toMatchObject({ days: 30 });
});

test("beside the model's features stand plain columns, probes it doesn't read, and what it may be compared by", () => {
  const entry = (role: string, more = {}) => ({ role, use: null, reason: "", pii: false, ...more });
  const cleared = {
    columns: {
      "cards.amount": entry("feature"),
      "cards.email": entry("feature", { pii: true }),
      "cards.origin": entry("evaluate_only", { compared: 40 }),
      "cards.born": entry("evaluate_only", { compared: 40 }),
    },
  } as never;
  const columns = [
    { name: "origin", type: "text" as const },
    { name: "born", type: "date" as const },
  ];
  const probes = probesOf(problem, candidates.slice(3, 4), about);
  const read: Feature[] = [{ ...probes[1]!.feature, name: "called otherwise" }];
  const { beside, leftOut } = besideOf(problem, read, candidates, probes, cleared, { columns });
  expect(beside.map(({ feature, from, learnable, leastRows }) => [feature.name, from, learnable, leastRows])).toEqual([
    ["amount", "column", true, undefined],
    ["card_past_since_days", "probe", true, undefined],
    ["card_past_count_1h", "probe", true, undefined],
    ["card_past_count_1d", "probe", true, undefined],
    ["card_past_amount_to_mean", "probe", true, undefined],
    ["origin", "column", false, 40],
  ]);
  expect(leftOut.map(({ name }) => name)).toEqual(["cards.born", "email"]);
});
