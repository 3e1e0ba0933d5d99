import { Feature } from "@muster/shared/domain/feature.ts";
import type { Slice } from "@muster/shared/domain/slice.ts";
import { describe, expect, test } from "vitest";
import { MOST_PROPOSED, proposeFeatures, type Wishes } from "./propose.ts";
import { whyNotUsed } from "./usable.ts";

const past = { table: "payments", key: "card", localKey: "card", time: "at", arrived: "loaded" };
const window = (aggregate: "count" | "sum", days: number, column: string | null = null): Feature => ({
  ...{ kind: "window", name: `${aggregate}_${days}`, ...past, aggregate, column, days, where: null },
});
const amount: Feature = { kind: "column", name: "amount", column: "amount", type: "number" };
const country: Feature = { kind: "column", name: "country", column: "country", type: "text" };
const shop: Feature = { kind: "column", name: "shop", column: "shop", type: "text" };
const slice = (words: string, conditions: Slice["conditions"], probes: Feature[]) =>
  ({ words, conditions, probes }) as Slice;
const burst = slice(
  "many small payments at once",
  [
    { op: "range", column: "count_1", from: "probe", low: 4, high: null },
    { op: "range", column: "amount", from: "feature", low: 1, high: 5 },
  ],
  [window("count", 1)],
);
const wishes: Wishes = {
  ...{ slices: [burst], held: [amount, country, shop], dataset: "payments", asked: [], tried: [] },
  whyNot: () => null,
};
const namesOf = (given: Partial<Wishes>) =>
  proposeFeatures({ ...wishes, ...given }).features.map(({ feature }) => feature.name);

describe("what is proposed for a slice of errors", () => {
  test("begins with its own probes, then the pieces of its ranges, then amounts and longer windows over the same past", () => {
    const { features } = proposeFeatures(wishes);
    expect(features[0]).toEqual({ feature: window("count", 1), because: "many small payments at once" });
    expect(features[1]!.feature).toMatchObject({ kind: "bin", column: "amount", edges: [1, 5] });
    expect(namesOf({})).toEqual([
      ...["count_1", "amount_range", "card_past_sum_amount_1d", "card_past_mean_amount_1d", "card_past_max_amount_1d"],
      ...["card_past_count_7d", "card_past_count_30d", "card_past_count_1d_per_30d"],
    ]);
    for (const { feature } of features) expect(Feature.safeParse(feature).success).toBe(true);
    expect(features[2]!.feature).toMatchObject({ ...past, aggregate: "sum", column: "amount", days: 1 });
  });

  test("looks into the past that a condition on a feature of the view speaks of, as near as it says", () => {
    const since: Feature = { kind: "recency_days", name: "since", ...past };
    const soon = slice("soon after", [{ op: "range", column: "since", from: "feature", low: null, high: 0.002 }], []);
    expect(namesOf({ slices: [soon], held: [amount, since] }).slice(0, 2)).toEqual([
      ...["card_past_count_10min", "card_past_sum_amount_10min"],
    ]);
    expect(namesOf({ slices: [soon], held: [amount, since], dataset: "customers" })).toEqual([
      ...["card_past_count_10min", "card_past_count_1h", "card_past_count_1d", "card_past_count_7d"],
      ...["card_past_count_30d", "card_past_count_10min_per_30d"],
    ]);
  });

  test("crosses the categories that the slice names", () => {
    const abroad = slice(
      "abroad in one shop",
      [
        { op: "in", column: "country", from: "feature", values: ["XX"] },
        { op: "in", column: "shop", from: "feature", values: ["A"] },
      ],
      [window("sum", 7, "amount")],
    );
    expect(namesOf({ slices: [abroad], held: [country, shop] })).toEqual([
      ...["sum_7", "country_and_shop", "card_past_count_7d", "card_past_mean_amount_7d", "card_past_max_amount_7d"],
      ...["card_past_count_30d", "card_past_count_7d_per_30d"],
    ]);
  });

  test("is never what the view holds or what was tried, whatever its name, and never more than eight", () => {
    const held = [...wishes.held, { ...window("count", 1), name: "called_otherwise" }];
    expect(namesOf({ held })).not.toContain("count_1");
    expect(namesOf({ tried: proposeFeatures(wishes).features.map(({ feature }) => feature) })).toEqual([]);
    const many = slice(
      "much",
      [],
      Array.from({ length: 12 }, (_, i) => window("count", i + 40)),
    );
    expect(namesOf({ slices: [many] })).toHaveLength(MOST_PROPOSED);
  });

  test("begins with what was asked for; a slice's probe whose name is taken, or that may not be used, is told", () => {
    const asked: Feature = { kind: "log", name: "log_amount", column: "amount" };
    expect(namesOf({ asked: [asked] })[0]).toBe("log_amount");
    const taken = { ...window("count", 1), name: "Amount" };
    expect(proposeFeatures({ ...wishes, slices: [{ ...burst, probes: [taken] }] }).leftOut).toEqual([
      { name: "Amount", reason: "another feature of the view has its name" },
    ]);
    const none = proposeFeatures({ ...wishes, whyNot: () => "it isn't cleared" });
    expect(none).toEqual({ features: [], leftOut: [{ name: "count_1", reason: "it isn't cleared" }] });
  });

  test("takes ideas of a language model after the probes, says whose they are, and why one isn't taken", () => {
    const log = (name: string): Feature => ({ kind: "log", name, column: "amount" });
    const of = (feature: Feature) => ({ feature, because: burst.words, by: "m" });
    const ideas = [
      of(log("amount_log")),
      of(window("count", 1)),
      of(log("again")),
      of({ kind: "log", name: "shop", column: "x" }),
    ];
    const { features, leftOut } = proposeFeatures({ ...wishes, ideas });
    expect(features[1]).toEqual(of(log("amount_log")));
    expect(features[0]).toEqual({ feature: window("count", 1), because: burst.words });
    expect(features.slice(2).some(({ by }) => by)).toBe(false);
    const held = "the view holds it, or it was tried";
    expect(leftOut).toEqual([
      { name: "count_1", reason: held, by: "m" },
      { name: "again", reason: held, by: "m" },
      { name: "shop", reason: "another feature of the view has its name", by: "m" },
    ]);
    const many = slice(
      "much",
      [],
      Array.from({ length: 8 }, (_, i) => window("count", i + 40)),
    );
    expect(proposeFeatures({ ...wishes, slices: [many], ideas: [of(log("amount_log"))] }).leftOut).toEqual([
      { name: "amount_log", reason: "no more than 8 are tried in a round", by: "m" },
    ]);
  });

  test("is nothing without a slice", () => {
    expect(proposeFeatures({ ...wishes, slices: [] })).toEqual({ features: [], leftOut: [] });
  });
});

describe("what may not be proposed", () => {
  const role = (name: string, as: "feature" | "key" | "none", use: "label" | "time" | null = null) =>
    [`payments.${name}`, { role: as, use, reason: "", pii: false }] as const;
  const columns = Object.fromEntries([
    ...[role("amount", "feature"), role("card", "key"), role("at", "none", "time"), role("loaded", "none", "time")],
    ...[role("fraud", "none", "label"), role("email", "none")],
  ]);
  const cleared = { datasets: [], columns, dropped: [], obligations: [], policies: [] };
  const why = (feature: Feature, refused = new Map<string, { reason: string }>()) =>
    whyNotUsed(feature, "payments", { cleared, refused });

  test("reads the label, personal data, an unknown column, or one that tells the target", () => {
    expect(why(window("sum", 1, "amount"))).toBeNull();
    expect(why(window("count", 1))).toBeNull();
    expect(why({ ...window("sum", 1, "amount"), column: "fraud" } as Feature)).toContain(
      "payments.fraud isn't cleared",
    );
    expect(why({ kind: "text_length", name: "l", column: "email" })).toContain("payments.email isn't cleared");
    expect(why({ kind: "log", name: "l", column: "nowhere" })).toContain("payments.nowhere isn't cleared");
    expect(why({ ...window("count", 1), key: "nowhere" } as Feature)).toContain("payments.nowhere");
    expect(why({ kind: "column", name: "c", column: "card", type: "text" })).toContain("to be learned from");
    expect(why(window("sum", 1, "amount"), new Map([["payments.amount", { reason: "alone it tells it" }]]))).toContain(
      "tells the target",
    );
    expect(why({ kind: "label_rate", name: "r", key: "card", days: 7, delayDays: 1 })).toBeNull();
  });
});
