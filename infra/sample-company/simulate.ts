import { addMonths, dayOf, FROM, isQuarterStart, NEXT_TO, nextQuarter, TO } from "./calendar.ts";
import { between, type Random, stream, waiting, weighted } from "./draw.ts";

type Segment = "private" | "freelance" | "business";
type Plan = "basic" | "plus" | "premium";

/** List prices, USD a month. */
const FEES: Record<Plan, number> = { basic: 9.9, plus: 19.9, premium: 39.9 };

/** Why a contract ended: `left` is churn, `plan_change` is followed by a new contract within 22 days. */
type Ending = { day: number; why: "left" | "plan_change"; noticeDay: number };

/** A contract; `ending` is what will happen, also where it lies beyond the snapshot. */
export type Contract = {
  start: number;
  plan: Plan;
  /** USD a month, agreed at the start. */
  fee: number;
  billing: "monthly" | "annual";
  autoRenew: boolean;
  ending: Ending | null;
};

/**
 * A time of discontent, from its first to its last day. While it lasts the signs it has show in the tables;
 * it ends with the customer leaving or calming down, and the signs are the same in both.
 */
export type Discontent = {
  from: number;
  to: number;
  leaves: boolean;
  usage: boolean;
  payments: boolean;
  tickets: boolean;
};

/** A customer's life as the company never sees it: everything the tables show is drawn from this. */
export type Life = {
  /** 1, 2, … in order of sign-up; names the customer. */
  number: number;
  signup: number;
  segment: Segment;
  /** Usual logins a week. */
  logins: number;
  contracts: Contract[];
  discontents: Discontent[];
};

/** Sign-ups begin long before the first recorded day, so that the mix of customers is steady when recording starts. */
const FIRST_SIGNUP = dayOf("2014-01-01");
/** Lives are played out to here, so that what happens after the snapshot is known to the truth. */
const PLAYED_TO = dayOf("2026-12-31");
/** Sign-ups since 2014 for one customer who still had a contract in 2025 or later. */
const SIGNUPS_PER_CUSTOMER = 2.68;

/** Rates per day; see `discontentRate` for what multiplies the first. */
const RATES = { discontent: 0.0015, sudden: 0.00014, planChange: 0.0003 };
const LEAVES = { monthly: 0.8, annual: 0.55 };

/** Month-to-month customers and newer ones turn discontented more often. */
function discontentRate(contract: Contract, day: number, signup: number): number {
  const years = (day - signup) / 365;
  const tenure = years < 1 ? 1.5 : years < 3 ? 1 : 0.65;
  return RATES.discontent * (contract.billing === "monthly" ? 1.35 : 0.55) * tenure * (contract.autoRenew ? 0.9 : 1.3);
}

/** Nothing starts or ends on the first day of a quarter: who is active at a cutoff has one answer. */
const offQuarterStart = (day: number): number => (isQuarterStart(day) ? day + 1 : day);

function signContract(start: number, segment: Segment, random: Random): Contract {
  const plan = weighted<Plan>(
    random,
    segment === "business" ? { basic: 0.1, plus: 0.4, premium: 0.5 } : { basic: 0.5, plus: 0.35, premium: 0.15 },
  );
  const billing = random() < 0.68 ? "monthly" : "annual";
  const fee = FEES[plan] * (random() < 0.15 ? 0.9 : 1);
  return { start, plan, fee, billing, autoRenew: random() < 0.75, ending: null };
}

/**
 * Plays one contract from `quietUntil` on until it ends or the play is over, noting discontents.
 * Returns its ending, null where it stays open.
 */
function playContract(life: Life, contract: Contract, quietUntil: number, random: Random): Ending | null {
  let day = quietUntil;
  while (day < PLAYED_TO) {
    const discontentIn = waiting(random, discontentRate(contract, day, life.signup));
    const suddenIn = waiting(random, RATES.sudden);
    const changeIn = waiting(random, RATES.planChange);
    const next = Math.min(discontentIn, suddenIn, changeIn);
    day += Math.max(1, Math.round(next));
    if (next === changeIn) return { day: offQuarterStart(day), why: "plan_change", noticeDay: day };
    if (next === suddenIn) return { day: offQuarterStart(day), why: "left", noticeDay: day - between(random, 3, 10) };
    const leaves = random() < LEAVES[contract.billing];
    const to = offQuarterStart(day + between(random, 75, 165));
    const signs = { usage: random() < 0.9, payments: random() < 0.55, tickets: random() < 0.55 };
    life.discontents.push({ from: day, to, leaves, ...signs });
    if (leaves) return { day: to, why: "left", noticeDay: to - between(random, 10, 28) };
    day = to;
  }
  return null;
}

/** Plays a customer's life: contracts one after the other, never two at once. */
function playLife(signup: number, random: Random): Life {
  const segment = weighted<Segment>(random, { private: 0.68, freelance: 0.21, business: 0.11 });
  const logins = (segment === "business" ? 11 : 7) * Math.exp(0.4 * (random() + random() + random() - 1.5) * 2);
  const life: Life = { number: 0, signup, segment, logins, contracts: [], discontents: [] };
  let start = signup;
  let quietUntil = signup + 30;
  while (start < PLAYED_TO) {
    const contract = signContract(start, segment, random);
    life.contracts.push(contract);
    contract.ending = playContract(life, contract, quietUntil, random);
    if (contract.ending === null) break;
    const { day, why } = contract.ending;
    if (why === "left" && random() >= 0.2) break;
    const gap = why === "left" ? between(random, 45, 200) : random() < 0.6 ? 0 : between(random, 1, 21);
    start = offQuarterStart(day + gap);
    // A plan change and a leaving inside one quarter would leave open which of the two ends the label is about.
    quietUntil = Math.max(start + 30, nextQuarter(day));
  }
  return life;
}

/** The contract that is open on the day: from its start until the day before it ends. */
export const contractOn = (life: Life, day: number): Contract | null =>
  life.contracts.find((c) => c.start <= day && (c.ending === null || c.ending.day > day)) ?? null;

/** The discontent the customer is in on the day. */
export const discontentOn = (life: Life, day: number): Discontent | null =>
  life.discontents.find((d) => d.from <= day && day < d.to) ?? null;

/** How far a discontent has come on the day, 0..1; 0 without one. */
export const progressOf = (discontent: Discontent | null, day: number): number =>
  discontent === null ? 0 : (day - discontent.from) / (discontent.to - discontent.from);

/** The days on which a contract's payments fall due between the first recorded and the last day of the next month. */
export function dueDays(contract: Contract): number[] {
  const step = contract.billing === "monthly" ? 1 : 12;
  const days: number[] = [];
  for (let n = 0; ; n += step) {
    const day = addMonths(contract.start, n);
    if (day > NEXT_TO || (contract.ending !== null && day >= contract.ending.day)) return days;
    if (day >= FROM) days.push(day);
  }
}

/** Whether the company still keeps the customer's record: a contract open since recording began, or a sign-up after. */
const isKept = (life: Life): boolean =>
  life.signup > TO || life.contracts.some((c) => c.start <= TO && (c.ending === null || c.ending.day > FROM));

/** All customers in order of sign-up, about `customers` of them, those who sign up in the next month included. */
export function simulateLives(seed: number, customers: number): Life[] {
  const signups = Math.round(customers * SIGNUPS_PER_CUSTOMER);
  const days = NEXT_TO - FIRST_SIGNUP;
  const lives = Array.from({ length: signups }, (_, i) =>
    playLife(offQuarterStart(FIRST_SIGNUP + Math.floor((i * days) / signups)), stream(seed, 0, i)),
  ).filter(isKept);
  lives.forEach((life, i) => {
    life.number = i + 1;
  });
  return lives;
}

/** The customer's key as every table spells it. */
export const customerId = (life: Life): string => `C${String(life.number).padStart(6, "0")}`;
