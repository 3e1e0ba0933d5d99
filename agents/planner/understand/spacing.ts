import { type Read, readFirst } from "./clause.ts";
import { count, number, spanOf, unit } from "./horizon.ts";
import type { ReadText } from "./read.ts";

/** What a text says of when rows are taken and labels are known. */
type Spacing = Pick<ReadText, "gapDays" | "labelDelayDays" | "withinDays" | "every">;

const lengths: Record<string, number> = { day: 1, week: 7, month: 30, quarter: 91, year: 365 };
const daysOf = (n: string, word: string): number | null => {
  const days = count(n) * lengths[word.toLowerCase().replace(/s$/, "")]!;
  return Number.isInteger(days) && days >= 0 && days <= 3650 ? days : null;
};
const span = `(${number})[ -]?(${unit})`;
const days = (match: RegExpExecArray) => daysOf(match[1]!, match[2]!);
const lead = "[,;]?\\s*\\b(?:and\\s+|with\\s+|leaving\\s+|after\\s+)?";

/** Reads a gap ("with a gap of 7 days"), a label's delay ("labels are known after 7 days"), since when somebody counts ("active in the last 90 days"), and how often cutoffs are taken ("cutoffs every week"). */
export function readSpacing(text: string): Read<Spacing> {
  const gap = readFirst<number>(text, [
    [new RegExp(`${lead}(?:an?\\s+)?gap\\s+of\\s+${span}\\b`, "i"), days],
    [new RegExp(`${lead}(?:an?\\s+)?${span}\\s+gap\\b`, "i"), days],
  ]);
  const delay = readFirst<number>(gap.rest, [
    [
      new RegExp(
        `${lead}(?:the\\s+)?(?:labels?|outcomes?)\\s+(?:(?:are|is|become|becomes|get|gets|come|comes|arrive|arrives)\\s+)?(?:in\\s+|(?:known|available|confirmed|final)\\s+)?(?:only\\s+)?after\\s+${span}\\b`,
        "i",
      ),
      days,
    ],
    [
      new RegExp(
        `${lead}(?:the\\s+)?(?:labels?|outcomes?)\\s+(?:(?:are|is|become|becomes|come|comes|arrive|arrives)\\s+)?(?:known\\s+|available\\s+|confirmed\\s+)?(?:only\\s+)?${span}\\s+(?:later|late|afterwards)\\b`,
        "i",
      ),
      days,
    ],
    [new RegExp(`${lead}(?:an?\\s+)?label(?:ling)?\\s+delay\\s+of\\s+${span}\\b`, "i"), days],
  ]);
  const within = readFirst<number>(delay.rest, [
    [
      new RegExp(
        `${lead}(?:who\\s+(?:were|was)\\s+)?(?:active|seen)\\s+(?:in|within|during)\\s+(?:the\\s+)?(?:last|past|previous)\\s+${span}\\b`,
        "i",
      ),
      days,
    ],
  ]);
  const every = readFirst<NonNullable<Spacing["every"]>>(within.rest, [
    [
      new RegExp(`${lead}(?:taking\\s+)?cut-?offs?\\s+every\\s+(?:(${number})\\s+)?(${unit})\\b`, "i"),
      (match) => spanOf(count(match[1] ?? "1"), match[2]!),
    ],
  ]);
  const value = { gapDays: gap.value, labelDelayDays: delay.value, withinDays: within.value, every: every.value };
  return { value, rest: every.rest };
}
