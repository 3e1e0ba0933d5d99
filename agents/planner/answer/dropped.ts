import type { Dropped } from "@muster/shared/domain/model.ts";
import type { Facts } from "./facts.ts";

/** Everything that was left out on the way to the model, once each: by clearance, by suggestion, by the check, in training. */
export function droppedOf(facts: Facts): Dropped[] {
  const cleared = facts["training.cleared"];
  const lists = [
    cleared?.dropped,
    facts["features.suggested"]?.dropped,
    facts["training_set.passed"]?.dropped,
    facts["run.finished"]?.dropped,
  ];
  const once = new Map<string, Dropped>();
  for (const one of lists.flatMap((list) => list ?? [])) {
    const why = /not cleared/i.test(one.reason) ? cleared?.columns[one.name]?.reason : undefined;
    if (!once.has(one.name)) once.set(one.name, { ...one, reason: why ?? one.reason });
  }
  return [...once.values()];
}

/** Why things are left out, in the order they are told. `number`: the number that shows it is worth telling. */
const groups: { title: string; says: RegExp; number: boolean; brief?: string }[] = [
  {
    title: "they give the answer away",
    says: /leak|knows the answer|tells whether|known at the cutoff|written at the end/i,
    number: true,
  },
  { title: "they are overwritten in place", says: /overwritten|rewritten|update time/i, number: true },
  {
    title: "they are personal data",
    says: /\bpii\b|personal|e-?mail|phone|address|birth|identifier|person'?s? name|card number|iban|free text/i,
    number: false,
  },
  { title: "the request left them out", says: /excluded by|person who asked/i, number: false },
  { title: "they are protected attributes", says: /protected|evaluation only/i, number: false },
  {
    title: "they only name rows",
    says: /names rows|names its row|id[- _]?like|\bkey\b/i,
    number: false,
    brief: "only names rows",
  },
  { title: "they say when a row arrived", says: /arrival time/i, number: false, brief: "says when a row arrived" },
  {
    title: "they hold nothing to learn from",
    says: /constant|same value|missing|empty/i,
    number: false,
    brief: "holds nothing to learn from",
  },
  { title: "they only count time", says: /moves with time/i, number: false, brief: "only counts time" },
  {
    title: "they are the same as another",
    says: /the same as|correlation/i,
    number: false,
    brief: "is the same as another",
  },
  {
    title: "they are too weak to matter",
    says: /weak|strongest|no association|measured/i,
    number: false,
    brief: "is too weak to matter",
  },
];

/** What was left out for one reason. `brief`: the reason in a few words where the names interest nobody; the fields list them. */
export type DroppedGroup = { title: string; members: Dropped[]; number: boolean; brief: string | null };

/** What was left out, grouped by why; what fits no group stands under its own reason. */
export function groupDropped(dropped: readonly Dropped[]): DroppedGroup[] {
  const found = new Map<string, DroppedGroup>();
  for (const one of dropped) {
    const group = groups.find((each) => each.says.test(one.reason)) ?? { title: one.reason, number: false };
    const there = found.get(group.title) ?? {
      title: group.title,
      members: [],
      number: group.number,
      brief: ("brief" in group ? group.brief : undefined) ?? null,
    };
    there.members.push(one);
    found.set(group.title, there);
  }
  const rank = (title: string) => {
    const at = groups.findIndex((group) => group.title === title);
    return at < 0 ? groups.length : at;
  };
  return [...found.values()].sort((a, b) => rank(a.title) - rank(b.title));
}
