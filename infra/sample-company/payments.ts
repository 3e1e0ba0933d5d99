import { dateText, momentText, SECONDS_A_DAY, SNAPSHOT, TO } from "./calendar.ts";
import { between, type Random, weighted } from "./draw.ts";
import { customerId, discontentOn, dueDays, type Life, progressOf } from "./simulate.ts";
import type { GrowingTable } from "./table.ts";
import { SHIFT } from "./truth.ts";

const METHODS = { direct_debit: 0.55, card: 0.3, transfer: 0.15 } as const;
const USUAL_TROUBLE = 0.04;
const DISCONTENT_TROUBLE = 0.6;

type Outcome = { status: "paid" | "late" | "failed"; paidDay: number | null; knownDay: number };

/** What became of a payment. Its row arrives once that is known and never changes after. */
function outcomeOf(life: Life, due: number, trouble: number, random: Random): Outcome {
  const discontent = discontentOn(life, due);
  const signs = discontent?.payments === true && progressOf(discontent, due) > 0.1;
  const chance = signs ? DISCONTENT_TROUBLE : USUAL_TROUBLE * trouble;
  const draw = random();
  if (draw >= chance) return { status: "paid", paidDay: due - between(random, 0, 2), knownDay: due + 1 };
  if (draw < chance * 0.5) return { status: "failed", paidDay: null, knownDay: due + 5 };
  const paidDay = due + between(random, 4, 16);
  return { status: "late", paidDay, knownDay: paidDay + 1 };
}

/** Payments for contracts, one row each, written when their outcome is known; a few rows arrive twice. */
export const payments: GrowingTable = {
  name: "payments",
  columns: ["payment_id", "customer_id", "due_date", "paid_date", "amount", "method", "status", "loaded_at"],
  time: "due_date",
  arrived: "loaded_at",
  rows(life, random, month, emit, planted) {
    const method = weighted(random, METHODS);
    let n = 0;
    for (const contract of life.contracts) {
      for (const due of dueDays(contract)) {
        const shifted = month === "shift" && due > TO;
        const { status, paidDay, knownDay } = outcomeOf(life, due, shifted ? SHIFT.trouble : 1, random);
        const months = contract.billing === "annual" ? 12 : 1;
        const amount = (contract.fee * months * (shifted ? SHIFT.fee : 1)).toFixed(2);
        const arrived = knownDay * SECONDS_A_DAY + between(random, 3600, 6 * 3600);
        const id = `P${life.number * 1000 + n++}`;
        const shown = random() < 0.003 ? "" : method;
        const paid = paidDay === null ? "" : dateText(paidDay);
        const line = `${id},${customerId(life)},${dateText(due)},${paid},${amount},${shown},${status},${momentText(arrived)}`;
        emit(line, arrived);
        if (random() >= 0.0006) continue;
        emit(line, arrived);
        if (arrived <= SNAPSHOT) planted.duplicatePayments.push(id);
      }
    }
  },
};
