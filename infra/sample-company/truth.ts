import { dateText, dayOf, FROM, nextQuarter, TO } from "./calendar.ts";
import { contractOn, customerId, type Life } from "./simulate.ts";
import type { NextMonth } from "./table.ts";

/** A burst of fraud: this many payments of 1 to 5 on one card within this many minutes. */
export const BURST = { minutes: 10, payments: { from: 5, to: 9 }, amount: { from: 1, to: 5 } } as const;

/** What `shift` multiplies in the next month: logins and minutes, the chance of payment trouble, amounts and fees. */
export const SHIFT = { usage: 0.55, trouble: 3, fee: 1.35 } as const;

/** The label's rule: a contract ended inside the quarter, and no new one of the customer's within the grace. */
const RULE = {
  table: "contracts",
  entity: "customer_id",
  start: "start_date",
  end: "end_date",
  horizon: { count: 1, unit: "quarter" },
  graceDays: 30,
} as const;

/** Quarter starts: those whose window and grace have closed at the snapshot, the one still open, the one to score. */
const CUTOFFS = {
  training: ["2025-04-01", "2025-07-01", "2025-10-01"],
  holdout: "2026-01-01",
  open: "2026-04-01",
  scoring: "2026-07-01",
} as const;

/** Something planted that drives churn: where it shows, and over which days before the cutoff (null: no window). */
type Driver = {
  table: string;
  columns: string[];
  windowDays: number | null;
  against: number | null;
  more: "churn" | "stay";
  what: string;
};

/** Rows that a table module planted on purpose; those of the snapshot only. */
export type Planted = {
  bursts: { customer_id: string; card_id: string; transactions: string[] }[];
  largeFrauds: string[];
  duplicatePayments: string[];
  negativeMinutes: { customer_id: string; week_start: string }[];
  personalSubjects: string[];
};

/** 1: leaves within the quarter and stays away for the grace; 0: doesn't. Who wasn't active at the cutoff isn't in it. */
type Labels = Record<string, 0 | 1>;

/** Everything planted in the sample company, for tests to check against. */
export type SampleTruth = {
  seed: number;
  /** First recorded and last day of the snapshot, ISO dates. */
  observed: { from: string; to: string };
  /** Rows of each file of the snapshot. */
  rows: Record<string, number>;
  rule: typeof RULE;
  cutoffs: typeof CUTOFFS;
  /** By cutoff, for the four whose labels the snapshot shows. */
  labels: Record<string, Labels>;
  /** By cutoff, for those whose labels lie beyond the snapshot: no data of the company's shows them yet. */
  future: Record<string, Labels>;
  drivers: Driver[];
  /** A column that is filled only when `after` is: known only once the label is. */
  leaking: { table: string; column: string; after: string };
  /** A column that each load overwrites; `updatedAt` is the row's update time. */
  overwritten: { table: string; column: string; updatedAt: string };
  fraud: { table: string; label: string; burst: typeof BURST; bursts: Planted["bursts"]; large: string[] };
  dirty: {
    duplicates: { table: string; key: string; keys: string[] };
    negative: { table: string; column: string; rows: Planted["negativeMinutes"] };
    missing: { table: string; column: string; share: number }[];
    mixedCase: { table: string; column: string; share: number }[];
  };
  /** Columns that name or reach a person, and the keys of tickets whose subject does. */
  pii: {
    direct: { table: string; columns: string[] };
    quasi: { table: string; columns: string[] };
    subjects: string[];
  };
  nextMonth: {
    kind: NextMonth;
    from: string;
    to: string;
    changes: { table: string; column: string; change: string }[];
  } | null;
};

/** Nothing planted yet. */
export const nothingPlanted = (): Planted => ({
  bursts: [],
  largeFrauds: [],
  duplicatePayments: [],
  negativeMinutes: [],
  personalSubjects: [],
});

/** The labels of one cutoff, from why each life's contracts end: no dates of a successor are compared. */
function labelsAt(lives: readonly Life[], cutoff: string): Labels {
  const day = dayOf(cutoff);
  const until = nextQuarter(day);
  const labels: Labels = {};
  for (const life of lives) {
    const contract = contractOn(life, day);
    if (contract === null) continue;
    const leaves = life.contracts.some(
      ({ ending }) => ending?.why === "left" && ending.day > day && ending.day < until,
    );
    labels[customerId(life)] = leaves ? 1 : 0;
  }
  return labels;
}

const DRIVERS: Driver[] = [
  {
    table: "usage_weekly",
    columns: ["logins", "minutes_active", "features_used"],
    windowDays: 28,
    against: 84,
    more: "stay",
    what: "use in the last 4 weeks falls against the 12 weeks before",
  },
  {
    table: "payments",
    columns: ["status"],
    windowDays: 60,
    against: null,
    more: "churn",
    what: "payments late or failed in the last 60 days",
  },
  {
    table: "support_tickets",
    columns: ["priority", "closed_at", "satisfaction"],
    windowDays: 30,
    against: null,
    more: "churn",
    what: "tickets, of high priority or unresolved above all, in the last 30 days",
  },
  {
    table: "contracts",
    columns: ["billing_cycle"],
    windowDays: null,
    against: null,
    more: "churn",
    what: "monthly rather than annual billing",
  },
  {
    table: "contracts",
    columns: ["auto_renew"],
    windowDays: null,
    against: null,
    more: "stay",
    what: "automatic renewal",
  },
  {
    table: "customers",
    columns: ["signup_date"],
    windowDays: null,
    against: null,
    more: "stay",
    what: "years since sign-up: more leave in the first, fewer after the third",
  },
];

const CHANGES: Record<NextMonth, { table: string; column: string; change: string }[]> = {
  same: [],
  shift: [
    { table: "usage_weekly", column: "logins", change: `× ${SHIFT.usage}` },
    { table: "usage_weekly", column: "minutes_active", change: `× ${SHIFT.usage}` },
    { table: "payments", column: "amount", change: `× ${SHIFT.fee}` },
    { table: "payments", column: "status", change: `late or failed × ${SHIFT.trouble} for contented customers` },
    { table: "contracts", column: "monthly_fee", change: `× ${SHIFT.fee} for new contracts` },
  ],
  broken_load: [
    { table: "usage_weekly", column: "*", change: "half the rows missing" },
    { table: "usage_weekly", column: "minutes_active", change: "in seconds" },
    { table: "usage_weekly", column: "features_used", change: "empty" },
  ],
};

/** Puts the truth together from the lives and what the tables planted. */
export function truthOf(
  seed: number,
  lives: readonly Life[],
  planted: Planted,
  rows: Record<string, number>,
  month: NextMonth | null,
): SampleTruth {
  const at = (cutoffs: readonly string[]) => Object.fromEntries(cutoffs.map((c) => [c, labelsAt(lives, c)]));
  return {
    seed,
    observed: { from: dateText(FROM), to: dateText(TO) },
    rows,
    rule: RULE,
    cutoffs: CUTOFFS,
    labels: at([...CUTOFFS.training, CUTOFFS.holdout]),
    future: at([CUTOFFS.open, CUTOFFS.scoring]),
    drivers: DRIVERS,
    leaking: { table: "contracts", column: "termination_code", after: "end_date" },
    overwritten: { table: "customers", column: "account_status", updatedAt: "status_updated_at" },
    fraud: {
      table: "card_transactions",
      label: "is_fraud",
      burst: BURST,
      bursts: planted.bursts,
      large: planted.largeFrauds,
    },
    dirty: {
      duplicates: { table: "payments", key: "payment_id", keys: planted.duplicatePayments },
      negative: { table: "usage_weekly", column: "minutes_active", rows: planted.negativeMinutes },
      missing: [
        { table: "customers", column: "phone", share: 0.04 },
        { table: "customers", column: "birth_date", share: 0.02 },
        { table: "usage_weekly", column: "api_errors", share: 0.01 },
        { table: "payments", column: "method", share: 0.003 },
      ],
      mixedCase: [
        { table: "customers", column: "acquisition_channel", share: 0.02 },
        { table: "support_tickets", column: "category", share: 0.03 },
      ],
    },
    pii: {
      direct: { table: "customers", columns: ["first_name", "last_name", "email", "phone", "street"] },
      quasi: { table: "customers", columns: ["birth_date", "city", "postal_code"] },
      subjects: planted.personalSubjects,
    },
    nextMonth: month === null ? null : { kind: month, from: "2026-07-01", to: "2026-07-31", changes: CHANGES[month] },
  };
}
