import { type Feature, TextPattern } from "../domain/feature.ts";
import { columns } from "./testing.ts";

/** Columns of every type. */
export const rowColumns = columns(
  "flag:boolean",
  "whole:integer",
  "a:number",
  "b:number",
  "said:text",
  "day:date",
  "moment:timestamp",
);
/** The same as a spine. */
export const spineColumns = [...columns("__entity:text", "__cutoff:timestamp"), ...rowColumns];
const part = (column: string, of: "year" | "month" | "day" | "weekday" | "hour" | "quarter"): Feature => ({
  kind: "date_part",
  name: `${column}_${of}`,
  column,
  part: of,
});
/** Every kind of feature of the own row. */
export const rowFeatures: Feature[] = [
  { kind: "column", name: "flag", column: "flag", type: "boolean" },
  { kind: "column", name: "whole", column: "whole", type: "integer" },
  { kind: "column", name: "a", column: "a", type: "number" },
  { kind: "column", name: "said", column: "said", type: "text" },
  ...(["year", "month", "day", "weekday", "hour", "quarter"] as const).flatMap((p) => [
    part("day", p),
    part("moment", p),
  ]),
  { kind: "age_days", name: "age", column: "moment", at: null },
  { kind: "age_days", name: "between", column: "moment", at: "day" },
  { kind: "ratio", name: "a_per_b", numerator: "a", denominator: "b" },
  { kind: "ratio", name: "a_per_whole", numerator: "a", denominator: "whole" },
  { kind: "difference", name: "a_less_b", left: "a", right: "b" },
  { kind: "difference", name: "whole_less_flag", left: "whole", right: "flag" },
  { kind: "log", name: "log_a", column: "a" },
  { kind: "log", name: "log_whole", column: "whole" },
  { kind: "text_length", name: "letters", column: "said" },
  { kind: "text_words", name: "words", column: "said" },
  ...TextPattern.options.map((pattern): Feature => ({ kind: "text_pattern", name: pattern, column: "said", pattern })),
  { kind: "bin", name: "a_bin", column: "a", edges: [-1e308, -0.1, 0, 5e-324, 0.1, 1 / 3, 12.5, 1e5] },
  { kind: "bin", name: "whole_bin", column: "whole", edges: [0, 0.5, 1000] },
  { kind: "cross", name: "said_by_flag", columns: ["said", "flag"] },
  { kind: "cross", name: "all", columns: ["whole", "said", "flag"] },
  ...rowColumns.map((c): Feature => ({ kind: "is_missing", name: `no_${c.name}`, column: c.name })),
  { kind: "column", name: "said_then", column: "said", type: "text", filledBy: "moment" },
  { kind: "difference", name: "a_less_b_then", left: "a", right: "b", filledBy: "day" },
  { kind: "age_days", name: "age_then", column: "moment", at: null, filledBy: "moment" },
  { kind: "is_missing", name: "no_moment_then", column: "moment", filledBy: "moment" },
];

const WORDS = [
  "",
  " ",
  "héllo",
  "naïve façade",
  "🎉 party 🎉",
  "e\u0301",
  "a\u00a0b",
  "\u2003x",
  "tab\tend",
  "l1\nl2\r\n",
  "it's",
  '"q"',
  "日本 語",
  "null",
  "0",
  "a|b",
  "a\\",
  "\\|",
  "me@here.org",
  "me@here.",
  "@here.org",
  "a@.b",
  "a@b.",
  "a@b@c.d",
  "me@here.org\n",
  "İ@Ünïcode.İO",
  "HTTP://x",
  "http://",
  "see www.x.org!?",
  "https://\u212A.org/ß?q=1#%_",
  "ſ 'quoted' 100%",
  "١٢٣",
];
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.1,
  1e-12,
  -1e-300,
  1e308,
  -1e308,
  5e-324,
  12.5,
  1 / 3,
  9007199254740991,
  Number.NaN,
  1 / 0,
  -1 / 0,
];
const DAYS = [
  "2024-02-29",
  "2000-02-29",
  "1900-02-28",
  "1970-01-01",
  "1969-12-31",
  "2026-06-30",
  "2023-12-31",
  "1960-02-29",
  "2100-03-01",
];

/** A row as it stands, with its cutoff. */
export type MadeRow = {
  entity: string;
  cutoff: string | null;
  values: Record<string, string | number | boolean | null>;
};

/** Rows of awkward values: extremes, odd dates, texts of every script, missing ones. */
export function awkwardRows(random: () => number, count: number): MadeRow[] {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const maybe = <T>(make: () => T): T | null => (random() < 0.15 ? null : make());
  const two = (n: number) => String(n).padStart(2, "0");
  const day = () =>
    random() < 0.3
      ? pick(DAYS)
      : `${1905 + Math.floor(random() * 190)}-${two(1 + Math.floor(random() * 12))}-${two(1 + Math.floor(random() * 28))}`;
  const time = () =>
    `${two(Math.floor(random() * 24))}:${two(Math.floor(random() * 60))}:${two(Math.floor(random() * 60))}.${String(Math.floor(random() * 1e6)).padStart(6, "0")}`;
  const number = () => (random() < 0.3 ? pick(NUMBERS) : (random() - 0.3) * 10 ** (random() * 12 - 4));
  const words = () => Array.from({ length: Math.floor(random() * 4) }, () => pick(WORDS)).join(pick(["", " ", "  "]));
  return Array.from({ length: count }, (_, i) => {
    const cutoff = random() < 0.1 ? null : `${day()} 00:00:00`;
    const values = {
      flag: maybe(() => random() < 0.5),
      whole: maybe(() => Math.floor((random() - 0.4) * 1e4)),
      a: maybe(number),
      b: maybe(number),
      said: maybe(words),
      day: maybe(day),
      moment: maybe(() => `${day()} ${time()}`),
    };
    return { entity: String(i), cutoff, values };
  });
}
