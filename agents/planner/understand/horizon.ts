import type { Horizon as HorizonType } from "@muster/shared/domain/problem.ts";
import type { z } from "zod";
import { type Read, readFirst } from "./clause.ts";

/** A horizon that a text named: its length, and the quarter or the month where it named one. */
export type NamedHorizon = {
  span: z.infer<typeof HorizonType>;
  quarter: { quarter: number; year: number | null } | null;
  said: string;
};

const numbers: Record<string, number> = Object.fromEntries(
  "a an one two three four five six seven eight nine ten eleven twelve"
    .split(" ")
    .map((word, i) => [word, Math.max(1, i - 1)]),
);
export const number = `\\d{1,3}|${Object.keys(numbers).join("|")}`;
export const unit = "days?|weeks?|months?|quarters?|years?";
const months = "january|february|march|april|may|june|july|august|september|october|november|december";
const ordinals: Record<string, number> = {
  first: 1,
  second: 2,
  third: 3,
  fourth: 4,
  "1st": 1,
  "2nd": 2,
  "3rd": 3,
  "4th": 4,
};

export const count = (text: string): number => numbers[text.toLowerCase()] ?? Number(text);

export function spanOf(n: number, word: string): NamedHorizon["span"] | null {
  const one = word.toLowerCase().replace(/s$/, "");
  if (!Number.isInteger(n) || n < 1 || n > 999) return null;
  if (one === "year") return { count: n * 4, unit: "quarter" };
  return { count: n, unit: one as NamedHorizon["span"]["unit"] };
}

const plain = (match: RegExpExecArray, n: string, word: string): NamedHorizon | null => {
  const span = spanOf(count(n), word);
  return span && { span, quarter: null, said: match[0].trim() };
};
const inQuarter = (match: RegExpExecArray, quarter: number, year: string | undefined): NamedHorizon => ({
  span: { count: 1, unit: "quarter" },
  quarter: { quarter, year: year ? Number(year) : null },
  said: match[0].trim().replace(/^(for|in|during|within|over)\s+/i, ""),
});

/** Reads the horizon of a text: "Q3", "Q3 2026", "the third quarter", "next quarter", "next 30 days", "in the next month", "30-day churn". */
export function readHorizon(text: string): Read<NamedHorizon | null> {
  const lead = "(?:\\b(?:for|in|during|within|over|by)\\s+)?";
  return readFirst<NamedHorizon>(text, [
    [new RegExp(`${lead}\\b(?:(20\\d\\d)[ -]?)q([1-4])\\b`, "i"), (m) => inQuarter(m, Number(m[2]), m[1])],
    [
      new RegExp(`${lead}\\bq([1-4])\\b(?:\\s*(?:of\\s+)?[-/]?\\s*(20\\d\\d)\\b)?`, "i"),
      (m) => inQuarter(m, Number(m[1]), m[2]),
    ],
    [
      new RegExp(
        `${lead}(?:\\bthe\\s+)?\\b(${Object.keys(ordinals).join("|")})\\s+quarter\\b(?:\\s+(?:of\\s+)?(20\\d\\d)\\b)?`,
        "i",
      ),
      (m) => inQuarter(m, ordinals[m[1]!.toLowerCase()]!, m[2]),
    ],
    [
      new RegExp(`${lead}(?:the\\s+)?\\b(?:next|coming|following|upcoming)\\s+(${number})[ -]?(${unit})\\b`, "i"),
      (m) => plain(m, m[1]!, m[2]!),
    ],
    [
      new RegExp(
        `${lead}(?:the\\s+)?\\b(?:next|coming|following|upcoming|this)\\s+(day|week|month|quarter|year)\\b`,
        "i",
      ),
      (m) => plain(m, "1", m[1]!),
    ],
    [
      new RegExp(`\\b(?:in|within|over|during)\\s+(?:the\\s+)?(${number})[ -]?(${unit})\\b(?:\\s+from\\s+now)?`, "i"),
      (m) => plain(m, m[1]!, m[2]!),
    ],
    [/\b(\d{1,3})[ -](day|week|month|quarter|year)\b(?:\s+horizon)?/i, (m) => plain(m, m[1]!, m[2]!)],
    [new RegExp(`\\bhorizon\\s*(?:of|:|=)?\\s*(${number})[ -]?(${unit})\\b`, "i"), (m) => plain(m, m[1]!, m[2]!)],
    [/\b(?:by\s+)?tomorrow\b/i, (m) => ({ span: { count: 1, unit: "day" }, quarter: null, said: m[0] })],
    [
      new RegExp(`\\b(?:for|in|during)\\s+(?:${months})\\b(?:\\s+20\\d\\d)?`, "i"),
      (m) => ({ span: { count: 1, unit: "month" }, quarter: null, said: m[0].replace(/^\w+\s+/, "") }),
    ],
  ]);
}

/** The horizon as `define_problem` takes it: a named quarter is read there, against the data's own last day. */
export const horizonArgument = ({ span, quarter }: NamedHorizon): Record<string, unknown> =>
  quarter ? { quarter: `Q${quarter.quarter}`, ...(quarter.year !== null && { year: quarter.year }) } : span;
