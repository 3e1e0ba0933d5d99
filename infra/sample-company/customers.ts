import { dateText, momentText, SECONDS_A_DAY } from "./calendar.ts";
import { cell } from "./csv.ts";
import { between, oneOf, type Random, stream, weighted } from "./draw.ts";
import { customerId, type Life } from "./simulate.ts";
import type { SnapshotTable } from "./table.ts";
import { CITIES, FIRST_NAMES, MAIL_DOMAINS, NAME_ENDS, NAME_STARTS, phone, STREETS } from "./words.ts";

/** The states that `account_status` is overwritten with. */
type AccountStatus = "active" | "closing" | "closed";

/** The customer's status at the end of a day, and since when (second). */
function statusOn(life: Life, asOf: number): { status: AccountStatus; since: number } {
  let status: AccountStatus = "active";
  let since = life.signup;
  for (const { start, ending } of life.contracts) {
    if (start > asOf) break;
    if (status !== "active") [status, since] = ["active", start];
    if (ending?.why !== "left") continue;
    if (ending.day <= asOf) [status, since] = ["closed", ending.day];
    else if (ending.noticeDay <= asOf) [status, since] = ["closing", Math.max(ending.noticeDay, start)];
  }
  return { status, since: since * SECONDS_A_DAY + 10 * 3600 + (life.number % 3600) };
}

/** How to reach a customer: made up, and the same in every table that mentions it. */
export function contactOf(seed: number, life: Life) {
  const random = stream(seed, 10, life.number);
  const first = oneOf(random, FIRST_NAMES);
  const last = oneOf(random, NAME_STARTS) + oneOf(random, NAME_ENDS);
  const city = oneOf(random, CITIES);
  const email = `${first}.${last}${life.number}@${oneOf(random, MAIL_DOMAINS)}`.toLowerCase();
  return { first, last, city, email, phone: phone(random, city.country) };
}

const CHANNELS = { web: 0.4, referral: 0.2, partner: 0.15, search: 0.25 } as const;

/** Two in a hundred channels were typed by hand and kept their capitals. */
const asTyped = (channel: string, random: Random): string => (random() < 0.02 ? channel.toUpperCase() : channel);

/** Customers: one row each; `account_status` and `status_updated_at` are overwritten in place. */
export const customers = (seed: number): SnapshotTable => ({
  name: "customers",
  columns: [
    "customer_id",
    "first_name",
    "last_name",
    "email",
    "phone",
    "birth_date",
    "street",
    "city",
    "postal_code",
    "country",
    "segment",
    "signup_date",
    "acquisition_channel",
    "marketing_opt_in",
    "account_status",
    "status_updated_at",
  ],
  time: "signup_date",
  rows(life, random, asOf) {
    if (life.signup > asOf) return [];
    const contact = contactOf(seed, life);
    const birth = random() < 0.02 ? "" : dateText(life.signup - between(random, 19 * 365, 72 * 365));
    const street = `${oneOf(random, STREETS)} ${between(random, 1, 180)}`;
    const postal = contact.city.postal + String(between(random, 0, 39) * 7).padStart(3, "0");
    const phoneText = random() < 0.04 ? "" : contact.phone;
    const channel = asTyped(weighted(random, CHANNELS), random);
    const optIn = random() < 0.45;
    const { status, since } = statusOn(life, asOf);
    const person = `${contact.first},${contact.last},${contact.email},${phoneText},${birth},${cell(street)}`;
    const place = `${contact.city.name},${postal},${contact.city.country}`;
    const account = `${life.segment},${dateText(life.signup)},${channel},${optIn},${status},${momentText(since)}`;
    return [`${customerId(life)},${person},${place},${account}`];
  },
});
