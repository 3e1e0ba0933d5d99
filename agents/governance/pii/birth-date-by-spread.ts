import { type ColumnSample, looksLikeDate, shareOf, wilsonLower } from "./column-sample.ts";
import type { Finding } from "./detector.ts";
import { wordsOf } from "./names.ts";

/** Years between the 5 % and 95 % quantiles above which dates beside persons are taken for dates of birth. */
const spreadYears = 25;

/** Words of names for dates of something else than a birth. */
const otherDates =
  /hire|start|end|creat|updat|open|close|order|ship|expir|valid|join|sign|since|from|until|found|built/;

/** The year of a day written in one of the common ways; two digits are of no use here. */
const yearOf = (value: string): number => Number(/\b(1[89]\d\d|20\d\d)/.exec(value)?.[1] ?? Number.NaN);

/**
 * The finding that a column of dates spreads as dates of birth do; counts only beside persons. Events of a business
 * rarely span more than a generation, its customers' births always do.
 */
export function birthDateBySpread({ name, type, values }: ColumnSample): Finding[] {
  if (wordsOf(name).some((word) => otherDates.test(word))) return [];
  if (type !== "date" && type !== "timestamp" && (type !== "text" || shareOf(values, looksLikeDate) < 0.9)) return [];
  const years = values
    .map(yearOf)
    .filter((year) => !Number.isNaN(year))
    .sort((a, b) => a - b);
  if (years.length < 20) return [];
  const at = (q: number) => years[Math.floor(q * (years.length - 1))]!;
  if (at(0.95) - at(0.05) <= spreadYears) return [];
  const [checked, hits] = [values.length, years.length];
  return [
    {
      detector: { identifier: "quasi", says: "dates over more than a generation", besidePerson: true },
      tag: { kind: "birth_date", by: "values", share: hits / checked, checked, confidence: wilsonLower(hits, checked) },
    },
  ];
}
