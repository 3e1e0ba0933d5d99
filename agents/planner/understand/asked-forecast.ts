import type { SeriesUnit } from "@muster/shared/domain/problem.ts";
import { Fault } from "@muster/shared/fault.ts";
import type { Candidate } from "./candidate.ts";
import { isKey } from "./keys.ts";
import { mentions } from "./mention.ts";
import { likeness } from "./synonyms.ts";
import { type CatalogView, type ColumnView, type DatasetView, sources } from "./view.ts";
import { stem, stemsOf, wordsOf } from "./words.ts";

/** A forecast that a text asks for: by which unit, where it says one, and the text without what says so. */
export type SaidForecast = { unit: SeriesUnit | null; rest: string };

const units: [RegExp, SeriesUnit][] = [
  [/\bhourly\b|\b(?:by|per|each|every)\s+(?:the\s+)?hour\b|\bhour\s+by\s+hour\b/i, "hour"],
  [/\bdaily\b|\b(?:by|per|each|every)\s+(?:the\s+)?day\b|\bday\s+by\s+day\b/i, "day"],
  [/\bweekly\b|\b(?:by|per|each|every)\s+(?:the\s+)?week\b|\bweek\s+by\s+week\b/i, "week"],
  [/\bmonthly\b|\b(?:by|per|each|every)\s+(?:the\s+)?month\b|\bmonth\s+by\s+month\b/i, "month"],
];

/** Reads the forecast of a series: "forecast" with a unit of time ("daily", "by hour") or a length ahead; null for anything else. */
export function readForecast(text: string, ahead: boolean): SaidForecast | null {
  if (!/\bforecast/i.test(text)) return null;
  const found = units.find(([pattern]) => pattern.test(text));
  // "Logins per week" may be what each row says already; only with a length ahead is it a grid.
  if (!ahead && !/\b(?:hourly|daily|weekly|monthly)\b/i.test(text)) return null;
  return { unit: found?.[1] ?? null, rest: found ? text.replace(found[0], " ") : text };
}

const amount = ({ type, classes }: ColumnView): boolean =>
  (type === "number" || type === "integer") && (classes === null || classes === undefined || classes > 20);

/** The column that a text tells series apart by: "per shop", "for each region"; null where it names none. */
function seriesOf(dataset: DatasetView, text: string): string | null {
  const said = /\b(?:per|by|for\s+each|for\s+every|of\s+each|of\s+every|each|every)\s+(?:the\s+)?([\p{L}_]+)/giu;
  for (const [, word] of text.matchAll(said)) {
    const of = stem(word!.toLowerCase());
    const found = dataset.columns.find(
      (column) =>
        (column.type === "text" || isKey(column)) &&
        column.unique !== true &&
        stemsOf(column.name).some((part) => likeness(part, of) === 1),
    );
    if (found) return found.name;
  }
  return null;
}

/**
 * The readings of a forecast: amounts of tables with a time that the text names (`columns`: its readings as a column), else
 * how many rows such a table has. Empty where nothing is a series.
 */
export function forecastCandidates(
  said: SaidForecast,
  catalog: CatalogView,
  columns: (text: string) => Candidate[],
): Candidate[] {
  const target = (dataset: DatasetView, column: string | null) => ({
    ...{ kind: "events" as const, question: "forecast" as const, entity: "", time: dataset.time!, category: null },
    amount: column === null ? null : { column },
    forecast: { unit: said.unit ?? "day", series: seriesOf(dataset, said.rest) },
  });
  const found = attempted(() => columns(said.rest)).flatMap((one): Candidate[] => {
    const name = one.target.kind === "column" ? one.target.column : null;
    const column = one.dataset.columns.find((column) => column.name === name);
    if (!column || !amount(column) || one.dataset.time === null) return [];
    return [{ ...one, target: target(one.dataset, column.name) }];
  });
  const strong = found.filter((one) => one.strong);
  if (strong.length > 0) return strong;
  const counted = mentions(said.rest, wordsOf(said.rest), sources(catalog))
    .filter(({ dataset, strength }) => dataset.time !== null && strength !== "partly")
    .map(({ dataset }) => ({
      ...{ dataset, target: target(dataset, null), score: 1, strong: true, told: 1 },
      because: `${dataset.name} has rows by ${dataset.time}`,
    }));
  return counted.length > 0 ? counted : found;
}

/** Readings of a text that may have none: what can't be read as a column may still be counted. */
function attempted(read: () => Candidate[]): Candidate[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof Fault && (error.code === "not_found" || error.code === "invalid_input")) return [];
    throw error;
  }
}
