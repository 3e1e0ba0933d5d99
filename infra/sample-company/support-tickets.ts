import { FROM, momentText, NEXT_TO, SECONDS_A_DAY, SNAPSHOT } from "./calendar.ts";
import { cell } from "./csv.ts";
import { contactOf } from "./customers.ts";
import { between, oneOf, type Random, waiting } from "./draw.ts";
import { contractOn, customerId, discontentOn, type Life, progressOf } from "./simulate.ts";
import type { Emit, GrowingTable } from "./table.ts";
import type { Planted } from "./truth.ts";
import { SUBJECTS } from "./words.ts";

/** Tickets a day: usually, and while a discontent shows in tickets. */
const RATES = { usual: 0.0035, discontent: 0.028 };
/** A ticket that isn't closed by then is exported as open and not exported again. */
const EXPORTED_AFTER_DAYS = 5;
const CATEGORIES = Object.keys(SUBJECTS) as (keyof typeof SUBJECTS)[];

/** A few customers write how to reach them into the subject. */
function subjectOf(seed: number, life: Life, category: keyof typeof SUBJECTS, random: Random): [string, boolean] {
  const subject = oneOf(random, SUBJECTS[category]);
  const draw = random();
  if (draw >= 0.015) return [subject, false];
  const { email, phone } = contactOf(seed, life);
  return [draw < 0.008 ? `${subject}, please write to ${email}` : `${subject}, call me at ${phone}`, true];
}

function ticket(seed: number, life: Life, opened: number, id: string, random: Random, emit: Emit, planted: Planted) {
  const discontent = discontentOn(life, Math.floor(opened / SECONDS_A_DAY));
  const upset = discontent?.tickets === true;
  const priority = random() < (upset ? 0.55 : 0.15) ? "high" : random() < 0.6 ? "normal" : "low";
  const unresolved = random() < (upset ? 0.45 : 0.12);
  const closed = opened + between(random, 1800, (EXPORTED_AFTER_DAYS - 1) * SECONDS_A_DAY);
  const score = between(random, upset ? 1 : 3, upset ? 3 : 5);
  const rated = random() < 0.4;
  const category = oneOf(random, CATEGORIES);
  const shouted = random() < 0.03;
  const [subject, personal] = subjectOf(seed, life, category, random);
  const settled = unresolved ? opened + EXPORTED_AFTER_DAYS * SECONDS_A_DAY : closed;
  const arrived = (Math.floor(settled / SECONDS_A_DAY) + 1) * SECONDS_A_DAY + between(random, 3600, 4 * 3600);
  const outcome = unresolved ? "," : `${momentText(closed)},`;
  const kind = `${shouted ? category.toUpperCase() : category},${priority},${rated && !unresolved ? score : ""}`;
  if (personal && arrived <= SNAPSHOT) planted.personalSubjects.push(id);
  emit(
    `${id},${customerId(life)},${momentText(opened)},${outcome}${kind},${cell(subject)},${momentText(arrived)}`,
    arrived,
  );
}

/** Support tickets, exported once: the night after they were closed, or open after five days. */
export const supportTickets = (seed: number): GrowingTable => ({
  name: "support_tickets",
  columns: [
    "ticket_id",
    "customer_id",
    "opened_at",
    "closed_at",
    "category",
    "priority",
    "satisfaction",
    "subject",
    "loaded_at",
  ],
  time: "opened_at",
  arrived: "loaded_at",
  rows(life, random, _month, emit, planted) {
    let n = 0;
    for (let day = FROM; day <= NEXT_TO; ) {
      const discontent = discontentOn(life, day);
      const upset = discontent?.tickets === true && progressOf(discontent, day) > 0.05;
      // A step of at most a week, so that a rate that rises in between is noticed.
      const wait = waiting(random, upset ? RATES.discontent : RATES.usual);
      day += Math.min(7, Math.max(1, Math.round(wait)));
      if (wait > 7 || day > NEXT_TO || contractOn(life, day) === null) continue;
      const opened = day * SECONDS_A_DAY + between(random, 7 * 3600, 21 * 3600);
      ticket(seed, life, opened, `S${life.number * 1000 + n++}`, random, emit, planted);
    }
  },
});
