import { Feature } from "../domain/feature.ts";
import type { LeakKind } from "./leaks.ts";

type Value = string | number | boolean | null;
type Draft = Record<string, unknown>;
export const own = { table: "log", key: "card", localKey: "card", time: "at", arrived: "loaded" };
const paid = { ...own, table: "payments" };
const seen = { ...own, table: "visits", arrived: null };
const shop = { table: "shops", key: "shop", localKey: "shop", time: null, arrived: null };
const mall = {
  table: "malls",
  key: "mall",
  localKey: "shop",
  via: { table: "shops", key: "shop", column: "mall" },
  time: null,
  arrived: null,
};
const used = { table: "usage", key: "customer", localKey: "customer", time: "week", arrived: "loaded" };
const account = { table: "accounts", key: "customer", localKey: "customer", time: null, arrived: null };
export const count = (of: Draft, more: Draft = {}): Draft => ({
  kind: "window",
  ...of,
  aggregate: "count",
  column: null,
  days: 7,
  where: null,
  ...more,
});
const of = (from: Draft, aggregate: string, column: string, more: Draft = {}) =>
  count(from, { aggregate, column, ...more });
const where = (from: Draft, column: string, equals: Value) => count(from, { where: { column, equals } });
export const lag = (from: Draft, column: string, type: string, more: Draft = {}): Draft => ({
  kind: "lag",
  ...from,
  column,
  type,
  back: 1,
  ...more,
});
const lookup = (from: Draft, column: string, type: string, more: Draft = {}): Draft => ({
  kind: "lookup",
  ...from,
  column,
  type,
  ...more,
});
const recency = (from: Draft): Draft => ({ kind: "recency_days", ...from });
export const ratio = (from: Draft, more: Draft = {}): Draft => ({
  kind: "window_ratio",
  ...from,
  aggregate: "count",
  column: null,
  shortDays: 1,
  longDays: 7,
  where: null,
  ...more,
});
export const toMean = (from: Draft, column: string, more: Draft = {}): Draft => ({
  kind: "mean_ratio",
  ...from,
  column,
  days: null,
  ...more,
});
const plain = (column: string, type: string, more: Draft = {}): Draft => ({ kind: "column", column, type, ...more });
export const rate = (key: string, delayDays: number, days: number | null = 7): Draft => ({
  kind: "label_rate",
  key,
  days,
  delayDays,
});
export const mean = (column: string, more: Draft): Draft => ({
  kind: "target_mean",
  column,
  smoothing: 10,
  delayDays: null,
  folds: null,
  ...more,
});

/** Features that know too much, by the leak they are. */
export const planted: Record<string, [LeakKind, Draft[]][]> = {
  log: [
    [
      "label",
      [
        plain("left", "text"),
        { kind: "is_missing", column: "left" },
        { kind: "text_length", column: "left" },
        { kind: "text_pattern", column: "left", pattern: "has_digit" },
        { kind: "cross", columns: ["left", "kind"] },
        mean("left", { delayDays: 2 }),
        rate("left", 2),
        where(own, "left", "yes"),
        of(own, "distinct", "left"),
        lag(own, "left", "text"),
        ratio(own, { where: { column: "left", equals: "yes" } }),
        recency({ ...own, key: "left", localKey: "left" }),
      ],
    ],
    [
      "told by the label",
      [
        plain("scenario", "integer"),
        { kind: "bin", column: "scenario", edges: [0.5] },
        { kind: "log", column: "scenario" },
        { kind: "ratio", numerator: "amount", denominator: "scenario" },
        { kind: "difference", left: "scenario", right: "amount" },
        { kind: "cross", columns: ["kind", "scenario"] },
        of(own, "mean", "scenario"),
        of(own, "max", "scenario", { days: 10 / 1440 }),
        where(own, "scenario", 2),
        lag(own, "scenario", "integer"),
        toMean(own, "scenario"),
        mean("scenario", { delayDays: 2 }),
      ],
    ],
    [
      "excluded",
      [
        plain("visitor", "integer"),
        { kind: "log", column: "visitor" },
        of(own, "sum", "visitor"),
        lag(own, "visitor", "integer"),
        toMean(own, "visitor"),
        mean("visitor", { delayDays: 2 }),
        rate("visitor", 2),
        lookup(paid, "method", "text"),
        where(paid, "method", "cash"),
      ],
    ],
    [
      "key",
      [
        plain("id", "text"),
        { kind: "text_length", column: "id" },
        { kind: "cross", columns: ["id", "kind"] },
        mean("id", { delayDays: 2 }),
      ],
    ],
    [
      "undelayed label",
      [
        rate("shop", 1),
        rate("shop", 1.999),
        rate("card", 0.01, null),
        mean("shop", { delayDays: 1 }),
        mean("shop", { folds: 5 }),
        mean("shop", { delayDays: 2, folds: 5 }),
      ],
    ],
    [
      "without arrival",
      [
        { ...own, arrived: null },
        { ...paid, arrived: null },
        { ...paid, arrived: "at" },
      ]
        .flatMap((from) => [count(from), recency(from), ratio(from)])
        .concat(
          lag({ ...own, arrived: null }, "amount", "number"),
          toMean({ ...own, arrived: null }, "amount"),
          lookup({ ...paid, arrived: null }, "paid", "number"),
        ),
    ],
    [
      "without time",
      [
        lookup({ ...paid, time: null }, "paid", "number"),
        { kind: "lookup_age_days", ...seen, time: null, column: "due" },
        lookup({ ...shop, table: "payments", key: "card", localKey: "card" }, "paid", "number"),
        count({ ...paid, localKey: "card", via: { table: "visits", key: "card", column: "card" } }),
      ],
    ],
    [
      "beyond the cutoff",
      [
        count({ ...seen, time: "due" }),
        recency({ ...seen, time: "due" }),
        lookup({ ...seen, time: "due" }, "stars", "integer"),
        lag({ ...seen, time: "due" }, "stars", "integer"),
      ],
    ],
    [
      "written later",
      [
        plain("fee", "number"),
        { kind: "log", column: "fee" },
        { kind: "is_missing", column: "fee" },
        { kind: "age_days", column: "settled", at: "at" },
        { kind: "is_missing", column: "settled" },
        plain("fee", "number", { filledBy: "at" }),
        of(own, "sum", "fee"),
        lag(own, "fee", "number"),
        toMean(own, "fee", { days: 7 }),
        of(paid, "sum", "refund"),
        where(paid, "refund", null),
        { kind: "age_days", column: "loaded", at: "at" },
      ],
    ],
  ],
  contracts: [
    [
      "label",
      [
        { kind: "age_days", column: "end", at: null },
        { kind: "is_missing", column: "end" },
        plain("fee", "number", { filledBy: "end" }),
        recency({
          ...used,
          table: "contracts",
          key: "region",
          localKey: "region",
          time: "start",
          arrived: null,
          order: "end",
        }),
      ],
    ],
    [
      "written later",
      [
        plain("reason", "text"),
        { kind: "is_missing", column: "reason" },
        plain("state", "text"),
        lookup(account, "tier", "text"),
        { kind: "lookup_age_days", ...account, column: "tier_updated_at" },
      ],
    ],
    ["without arrival", [count({ ...used, arrived: null }), of({ ...used, arrived: null }, "sum", "minutes")]],
    ["undelayed label", [rate("region", 29, null), mean("region", { delayDays: 10 })]],
    ["key", [plain("customer", "text")]],
  ],
};

/** What is nearly the same and known at the cutoff. */
export const honest: Record<string, Draft[]> = {
  log: [
    ...[
      plain("kind", "text"),
      plain("amount", "number"),
      { kind: "bin", column: "amount", edges: [10, 50] },
      { kind: "log", column: "amount" },
      { kind: "is_missing", column: "amount" },
    ],
    ...[
      { kind: "ratio", numerator: "amount", denominator: "nr" },
      { kind: "difference", left: "amount", right: "nr" },
      { kind: "cross", columns: ["kind", "shop"] },
      plain("nr", "integer"),
    ],
    ...[
      { kind: "text_length", column: "note" },
      { kind: "text_words", column: "note" },
      { kind: "text_pattern", column: "note", pattern: "digit_share" },
      { kind: "date_part", column: "at", part: "hour" },
      { kind: "date_part", column: "at", part: "weekday" },
    ],
    ...[own, { ...own, key: "shop", localKey: "shop" }].flatMap((from) => [
      count(from),
      count(from, { days: 10 / 1440 }),
      count(from, { days: null }),
      of(from, "sum", "amount"),
      of(from, "distinct", "kind"),
      where(from, "kind", "a"),
      recency(from),
      ratio(from),
      lag(from, "amount", "number"),
      lag(from, "kind", "text", { back: 3, order: "nr" }),
      toMean(from, "amount"),
      toMean(from, "nr", { days: 7 }),
    ]),
    ...[
      rate("shop", 2),
      rate("shop", 2.5, 30),
      rate("card", 2, null),
      mean("shop", { delayDays: 2 }),
      mean("kind", { delayDays: 3 }),
    ],
    ...[
      plain("fee", "number", { filledBy: "settled" }),
      { kind: "is_missing", column: "fee", filledBy: "settled" },
      of(own, "sum", "fee", { filledBy: "settled" }),
      toMean(own, "fee", { filledBy: "settled" }),
      of(own, "count", "settled"),
      { kind: "age_days", column: "settled", at: "at", filledBy: "settled" },
    ],
    ...[
      count(paid),
      of(paid, "mean", "paid"),
      recency(paid),
      lookup(paid, "paid", "number"),
      of(paid, "sum", "refund", { filledBy: "refunded" }),
      { kind: "lookup_age_days", ...paid, column: "refunded" },
    ],
    ...[count(seen), of(seen, "mean", "stars"), lookup(seen, "stars", "integer"), lag(seen, "stars", "integer")],
    ...[
      lookup(shop, "size", "integer"),
      lookup(shop, "class", "text"),
      lookup(mall, "area", "integer"),
      lookup(mall, "place", "text"),
    ],
  ],
  contracts: [
    ...[
      plain("fee", "number"),
      plain("region", "text"),
      { kind: "age_days", column: "start", at: null },
      { kind: "date_part", column: "start", part: "month" },
    ],
    ...[
      count(used),
      of(used, "sum", "minutes"),
      of(used, "mean", "minutes", { days: null }),
      recency(used),
      ratio(used),
      lookup(used, "minutes", "number"),
      lag(used, "minutes", "number"),
    ],
    lookup(account, "nr", "integer"),
    ...[rate("region", 30, null), mean("region", { delayDays: 30 }), rate("region", 45, 365)],
  ],
};

/** Drafts as features, each by a name of its own. */
export const parsed = (drafts: readonly Draft[], prefix: string): Feature[] =>
  drafts.map((draft, i) => Feature.parse({ ...draft, name: `${prefix}${i}` }));
