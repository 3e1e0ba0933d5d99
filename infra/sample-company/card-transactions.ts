import { normal } from "@muster/shared/random.ts";
import { FROM, momentText, NEXT_TO, SECONDS_A_DAY, SNAPSHOT } from "./calendar.ts";
import { contactOf } from "./customers.ts";
import { between, poisson, type Random, weighted } from "./draw.ts";
import { contractOn, customerId } from "./simulate.ts";
import type { GrowingTable } from "./table.ts";
import { BURST } from "./truth.ts";
import { ORDINARY_PURCHASES, SMALL_PURCHASES } from "./words.ts";

/** Events a day and customer. */
const RATES = { purchase: 0.11, busyDay: 0.0008, burst: 0.00025, largeFraud: 0.00004 };
const MERCHANTS_A_CATEGORY = 60;
const FOREIGN = ["DE", "GB", "US", "FR", "ES", "IT"];

type Purchase = { at: number; category: string; cents: number; abroad: boolean; fraud: boolean; burst: boolean };

/** A small everyday payment of 1 to 5. Those of a burst are drawn by the same lines: one alone tells nothing. */
const small = (at: number, random: Random, burst = false): Purchase => ({
  at,
  category: weighted(random, SMALL_PURCHASES),
  cents: between(random, 100, 500),
  abroad: random() < 0.03,
  fraud: burst,
  burst,
});

const ordinary = (at: number, random: Random): Purchase => ({
  at,
  category: weighted(random, ORDINARY_PURCHASES),
  cents: Math.max(300, Math.round(2800 * Math.exp(0.8 * normal(random)))),
  abroad: random() < 0.03,
  fraud: false,
  burst: false,
});

const largeFraud = (at: number, random: Random): Purchase => ({
  at,
  category: weighted(random, { electronics: 0.7, travel: 0.3 }),
  cents: Math.round(45_000 * Math.exp(0.5 * normal(random))),
  abroad: random() < 0.85,
  fraud: true,
  burst: false,
});

/** A second of the day between 7 and 23 h, most around noon and early evening. */
const daytime = (random: Random): number => Math.floor((7 + 16 * ((random() + random()) / 2)) * 3600);

/** What one day brings: purchases, now and then two or three small ones in a row or a day full of them, or fraud. */
function purchasesOf(day: number, random: Random): Purchase[] {
  const start = day * SECONDS_A_DAY;
  const found: Purchase[] = [];
  for (let left = poisson(random, RATES.purchase); left > 0; left--) {
    const at = start + daytime(random);
    if (random() >= 0.45) found.push(ordinary(at, random));
    else {
      found.push(small(at, random));
      if (random() < 0.06) found.push(small(at + between(random, 40, 280), random));
      if (random() < 0.01) found.push(small(at + between(random, 281, 560), random));
    }
  }
  if (random() < RATES.busyDay) {
    const from = start + 8 * 3600;
    for (let left = between(random, 5, 9); left > 0; left--)
      found.push(small(from + between(random, 0, 12 * 3600), random));
  }
  if (random() < RATES.burst) found.push(...burst(start + daytime(random), random));
  if (random() < RATES.largeFraud) found.push(largeFraud(start + daytime(random), random));
  return found;
}

/** Small payments that begin together and are over within the burst's minutes. */
function burst(from: number, random: Random): Purchase[] {
  const span = BURST.minutes * 60 - 30;
  return Array.from({ length: between(random, BURST.payments.from, BURST.payments.to) }, (_, i) =>
    small(i === 0 ? from : from + between(random, 5, span), random, true),
  );
}

/** A transaction is streamed into the warehouse within seconds; one in two hundred comes up to three days late. */
const arrival = (at: number, random: Random): number =>
  at + between(random, 1, 20) + (random() < 0.005 ? between(random, 1, 3) * SECONDS_A_DAY : 0);

/** Card transactions under a contract, with fraud found out later. */
export const cardTransactions = (seed: number): GrowingTable => ({
  name: "card_transactions",
  columns: [
    "transaction_id",
    "customer_id",
    "card_id",
    "merchant_id",
    "merchant_category",
    "amount",
    "transaction_at",
    "country",
    "is_fraud",
    "loaded_at",
  ],
  time: "transaction_at",
  arrived: "loaded_at",
  rows(life, random, _month, emit, planted) {
    const id = customerId(life);
    const home = contactOf(seed, life).city.country;
    const cards = random() < 0.15 ? 2 : 1;
    let n = 0;
    for (let day = FROM; day <= NEXT_TO; day++) {
      if (contractOn(life, day) === null) continue;
      const card = `D${life.number * 10 + between(random, 1, cards)}`;
      const keys: string[] = [];
      const purchases = purchasesOf(day, random).sort((a, b) => a.at - b.at);
      for (const p of purchases) {
        const arrived = arrival(p.at, random);
        const key = `T${life.number * 10_000 + n++}`;
        const merchant = `M-${p.category}-${between(random, 1, MERCHANTS_A_CATEGORY)}`;
        const country = p.abroad ? FOREIGN[between(random, 0, FOREIGN.length - 1)]! : home;
        const what = `${merchant},${p.category},${(p.cents / 100).toFixed(2)},${momentText(p.at)},${country}`;
        emit(`${key},${id},${card},${what},${p.fraud ? 1 : 0},${momentText(arrived)}`, arrived);
        if (arrived > SNAPSHOT || !p.fraud) continue;
        if (p.burst) keys.push(key);
        else planted.largeFrauds.push(key);
      }
      if (keys.length > 0) planted.bursts.push({ customer_id: id, card_id: card, transactions: keys });
    }
  },
});
