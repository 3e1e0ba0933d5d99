import type { Feature } from "../domain/feature.ts";
import { fault } from "../fault.ts";
import { isOwnRow } from "./kinds.ts";
import { type Instant, toBoolean, toInstant, toNumber, toText } from "./raw.ts";
import { patternOf } from "./text-pattern.ts";

const MICROS_PER_DAY = 86_400_000_000;

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function datePart(instant: Instant, part: "year" | "month" | "day" | "weekday" | "hour" | "quarter"): number {
  const date = new Date(Math.floor(instant.micros / 1000));
  switch (part) {
    case "year":
      return date.getUTCFullYear();
    case "month":
      return date.getUTCMonth() + 1;
    case "day":
      return date.getUTCDate();
    case "weekday":
      return date.getUTCDay() || 7;
    case "hour":
      return date.getUTCHours();
    case "quarter":
      return Math.floor(date.getUTCMonth() / 3) + 1;
  }
}

/**
 * The value of an own-row feature for one row: the same as its SQL gives (numbers, or text for categories; null is missing).
 * `row`: raw values, best from `parseRow`, which knows empty text of a number column as missing; `at`: the cutoff.
 * `invalid_input` for a value that doesn't fit, or a feature that needs other rows.
 */
export function evaluateRow(feature: Feature, row: Record<string, unknown>, at: Date | null): number | string | null {
  if (!isOwnRow(feature)) {
    throw fault("invalid_input", `feature ${feature.name} needs other rows; look it up by key`);
  }
  if (isLater(feature.filledBy, row, at)) return feature.kind === "is_missing" ? 1 : null;
  const number = (column: string) => toNumber(row[column], column);
  switch (feature.kind) {
    case "column":
      if (feature.type === "date" || feature.type === "timestamp") {
        throw fault("invalid_input", `feature ${feature.name} reads a date as it is; use a part of it or its age`);
      }
      if (feature.type === "text") return toText(row[feature.column], feature.column);
      if (feature.type !== "boolean") return number(feature.column);
      return toNumber(toBoolean(row[feature.column], feature.column), feature.column);
    case "date_part": {
      const instant = toInstant(row[feature.column], feature.column);
      return instant === null ? null : datePart(instant, feature.part);
    }
    case "age_days": {
      const then = toInstant(row[feature.column], feature.column);
      const now = feature.at === null ? toInstant(at, "__cutoff") : toInstant(row[feature.at], feature.at);
      return then === null || now === null ? null : (now.micros - then.micros) / MICROS_PER_DAY;
    }
    case "ratio": {
      const numerator = number(feature.numerator);
      const denominator = number(feature.denominator);
      return numerator === null || denominator === null || denominator === 0 ? null : finite(numerator / denominator);
    }
    case "difference": {
      const left = number(feature.left);
      const right = number(feature.right);
      return left === null || right === null ? null : finite(left - right);
    }
    case "log": {
      const value = number(feature.column);
      return value === null || value < 0 ? null : Math.log(1 + value);
    }
    case "text_length": {
      const text = toText(row[feature.column], feature.column);
      return text === null ? null : [...text].length;
    }
    case "text_words":
      return (
        toText(row[feature.column], feature.column)?.match(/[^\t\n\f\r ]+/g)?.length ?? emptyWords(row[feature.column])
      );
    case "text_pattern": {
      const text = toText(row[feature.column], feature.column);
      return text === null ? null : patternOf(text, feature.pattern);
    }
    case "bin": {
      const value = number(feature.column);
      return value === null ? null : feature.edges.filter((edge) => edge <= value).length;
    }
    case "cross":
      return crossOf(feature.columns.map((column) => toText(row[column], column)));
    case "is_missing":
      return isMissing(row[feature.column]) ? 1 : 0;
  }
}

/** Whether the values were filled in after the cutoff. */
function isLater(filledBy: string | undefined, row: Record<string, unknown>, at: Date | null): boolean {
  const date = filledBy === undefined || at === null ? null : toInstant(row[filledBy], filledBy);
  return date !== null && date.micros > at!.getTime() * 1000;
}

/** The parts as one text from which they can be told again; null where one is missing. */
function crossOf(parts: readonly (string | null)[]): string | null {
  if (parts.some((part) => part === null)) return null;
  return parts.map((part) => part!.replaceAll("\\", "\\\\").replaceAll("|", "\\|")).join("|");
}

const emptyWords = (value: unknown): number | null => (value === null || value === undefined ? null : 0);

const isMissing = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === "number" && !Number.isFinite(value));
