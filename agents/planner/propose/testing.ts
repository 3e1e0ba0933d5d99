import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Slice } from "@muster/shared/domain/slice.ts";
import type { Round } from "./told.ts";

/** How many payments of the card the last ten minutes saw. */
export const count: Feature = {
  ...{ kind: "window", name: "card_past_count_10min", table: "payments", key: "card", localKey: "card" },
  ...{ time: "paid_at", arrived: null, aggregate: "count", column: null, days: 10 / 1440, where: null },
};
const amount: Feature = { kind: "column", name: "amount", column: "amount", type: "number" };
const place: Feature = { kind: "column", name: "place", column: "place", type: "text" };

/** An error slice in words, with its conditions' columns and probes. */
export const slice = (words: string, columns: string[], probes: Feature[] = []): Slice => ({
  ...{ kind: "missed", rows: 100, errors: 80, rate: 0.8, baseRate: 0.1, expected: 0.2, known: false },
  conditions: columns.map((column) => ({ op: "range" as const, column, from: "feature" as const, low: 2, high: null })),
  share: { errors: 80, of: 100, rate: 0.8, elsewhere: 0.1 },
  confirmed: {
    ...{ rows: 50, errors: 40, rate: 0.8, baseRate: 0.1, pValue: 1e-6, adjusted: 1e-5 },
    effect: { value: 0.7, low: 0.6, high: 0.8 },
  },
  ...{ words, probes },
});

const column = (role: "feature" | "key" | "none", more: object = {}) => ({
  ...{ role, use: null, reason: "a test", pii: false, ...more },
});

/** A round over payments of which some are fraud: `email` is personal, `told` tells the target, `note` isn't cleared. */
export const round = (more: Partial<Round> = {}): Round => ({
  problem: {
    ...{
      hash: "p",
      name: "fraud",
      dataset: "payments",
      target: "fraud",
      task: "binary",
      entity: null,
      time: "paid_at",
    },
    ...{ cutoffs: { training: [], holdout: null, scoring: null }, horizon: null, labelDelayDays: 7 },
    ...{ label: { kind: "column", column: "fraud", positive: "yes" }, metric: "roc_auc", exclusions: [], now: null },
    holdout: { kind: "last_time", share: 0.2, time: "paid_at" },
    ...{ sentence: "Is a payment fraud?", assumptions: [] },
  },
  cleared: {
    ...{ datasets: [`payments@${"a".repeat(64)}`], dropped: [], obligations: [], policies: [] },
    columns: {
      "payments.amount": column("feature"),
      "payments.place": column("feature"),
      "payments.card": column("key", { pii: true }),
      "payments.paid_at": column("none", { use: "time" }),
      "payments.fraud": column("none", { use: "label" }),
      "payments.email": column("feature", { pii: true }),
      "payments.told": column("feature"),
      "payments.note": column("none"),
    },
  },
  leakage: {
    leaks: [{ column: "payments.told", by: "strength", reason: "alone it tells it", number: 1 }],
    allowed: [],
  },
  view: { hash: "v", name: "fraud", problem: "p", dataset: "payments", entity: null, features: [amount, place] },
  found: {
    ...{ run: "run_1", model: "m", slices: [slice("two or more within 10 minutes", [count.name], [count])], hard: [] },
    ...{ rows: 1000, errors: 100, farOff: null, tested: 3, leftOut: [], seed: 1 },
    searched: { features: 2, columns: 0, probes: 4 },
    split: { by: "row", discovery: 500, confirmation: 500 },
  },
  before: null,
  described: [
    {
      ...{ name: "payments", description: "what cards paid" },
      columns: ["amount", "place", "card", "paid_at", "fraud", "email", "told", "note"].map((name) => ({
        ...{ name, type: name === "amount" ? "number" : "text", description: name === "amount" ? "in USD" : null },
      })),
    },
  ],
  ...more,
});
