import { stem } from "./words.ts";

/** Words of business tables that stand for one another. A column's own word always beats a word of its group. */
const groups = [
  "churn churned churner churners attrition attrited exit exited exiting left leave leaves leaving cancel cancels cancelled canceled cancelling cancellation lapse lapsed quit quitting unsubscribe unsubscribed defect defection",
  "fraud frauds fraudulent fraudster scam scams",
  "default defaulted defaulting defaulter bad delinquent delinquency nonpayment insolvent insolvency",
  "count counts cnt demand volume",
  "quantity qty quantities units",
  "price prices amount amounts amt cost costs charge charges fee fees tariff value",
  "revenue revenues sales turnover income earnings",
  "salary salaries wage wages pay compensation",
  "late delay delayed delays overdue lateness",
  "survive survived survival survivor survivors death deaths died dead mortality",
  "click clicks clicked ctr",
  "convert converts converted conversion purchase purchased buy buys bought buyer",
  "rating ratings stars satisfaction csat nps",
  "failure failures fail fails failed failing breakdown breakdowns broken fault",
  "transaction transactions tx txn trans",
  "customer customers client clients cust user users subscriber subscribers member members",
  "employee employees staff worker workers",
  "product products item items sku",
  "gender sex",
  "temperature temp",
  "humidity hum",
  "month mnth months",
  "year yr years",
  "hour hr hours hourly",
  "end ends ended ending expire expires expired expiry terminate terminated terminates termination close closes closed closing",
].map((group) => new Set(group.split(" ").map(stem)));

const groupsByStem = new Map<string, Set<string>[]>();
for (const group of groups) for (const one of group) groupsByStem.set(one, [...(groupsByStem.get(one) ?? []), group]);

/** How well two stems say the same: 1 the same, 0.85 words of one group, 0 otherwise. */
export function likeness(a: string, b: string): number {
  if (a === b) return 1;
  return groupsByStem.get(a)?.some((group) => group.has(b)) ? 0.85 : 0;
}

/** Whether a stem stands for leaving, whatever the word. */
export const meansLeaving = (one: string): boolean => likeness(one, "churn") > 0;
/** Whether a stem stands for an end of something that ran. */
export const meansEnding = (one: string): boolean => likeness(one, stem("ended")) > 0 || /^renew/.test(one);
/** Whether a stem stands for how many. */
export const meansCount = (one: string): boolean => likeness(one, "count") > 0;
