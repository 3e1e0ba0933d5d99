import type { Column } from "../domain/dataset.ts";
import { fault } from "../fault.ts";

/** A raw value by its column's type: dates and timestamps as microseconds since 1970 UTC wrapped in `Instant`. */
export type RawValue = number | string | boolean | Instant | null;
/** A moment in microseconds since 1970 UTC; whole numbers. */
export type Instant = { micros: number };

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const MOMENT =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/;
const TRUE = new Set(["true", "t", "yes", "y", "1"]);
const FALSE = new Set(["false", "f", "no", "n", "0"]);

const wrong = (column: string, what: string) =>
  fault("invalid_input", `column ${column} isn't ${what}; send one, or null where it is unknown`, { column });

/** A number from a JSON number, bigint, boolean (0/1) or decimal text. Empty text, NaN and null are missing. */
export function toNumber(value: unknown, column: string): number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint" || typeof value === "boolean") return Number(value);
  if (typeof value !== "string") throw wrong(column, "a number");
  const text = value.trim();
  if (text === "") return null;
  const number = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(number)) throw wrong(column, "a number");
  return number;
}

/** A boolean from JSON, 0/1, or true/false, yes/no, t/f, y/n in any case. Empty text and null are missing. */
export function toBoolean(value: unknown, column: string): boolean | null {
  if (value === null || value === undefined || typeof value === "boolean") return value ?? null;
  const text = String(value).trim().toLowerCase();
  if (text === "") return null;
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw wrong(column, "true or false");
}

/** Text exactly as it comes; numbers and booleans as JSON writes them. Null is missing, empty text is a value. */
export function toText(value: unknown, column: string): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  throw wrong(column, "text");
}

function parseMoment(text: string): number | null {
  const parts = MOMENT.exec(text);
  if (parts === null) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((p) => Number(p ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  const fraction = Number((parts[7] ?? "").slice(0, 6).padEnd(6, "0"));
  const zone = parts[8];
  const offset =
    zone === undefined || zone === "Z"
      ? 0
      : (zone.startsWith("-") ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(":", "") || 0));
  const seconds = date.getTime() / 1000 + hour * 3600 + (minute - offset) * 60 + second;
  return seconds * 1_000_000 + fraction;
}

/** A moment from a Date, an `Instant` or ISO 8601 text (UTC where it names no zone). Empty text and null are missing. */
export function toInstant(value: unknown, column: string): Instant | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : { micros: value.getTime() * 1000 };
  if (typeof value === "object" && "micros" in value && typeof value.micros === "number")
    return { micros: value.micros };
  if (typeof value !== "string") throw wrong(column, "an ISO date like 2026-06-30");
  const text = value.trim();
  if (text === "") return null;
  const micros = parseMoment(text);
  if (micros === null) throw wrong(column, "an ISO date like 2026-06-30");
  return { micros };
}

const MICROS_PER_DAY = 86_400_000_000;
const midnight = (instant: Instant | null): Instant | null =>
  instant && { micros: Math.floor(instant.micros / MICROS_PER_DAY) * MICROS_PER_DAY };

/** One raw value by the type of its column. `invalid_input` names the column, never the value. */
export function parseValue(value: unknown, column: Column): RawValue {
  switch (column.type) {
    case "boolean":
      return toBoolean(value, column.name);
    case "integer":
    case "number":
      return toNumber(value, column.name);
    case "text":
      return toText(value, column.name);
    case "date":
      return midnight(toInstant(value, column.name));
    case "timestamp":
      return toInstant(value, column.name);
  }
}

/**
 * A row as it is sent at serving, parsed by the columns that the features read; other members are left out.
 * `invalid_input` for a value of the wrong type and, unless `absent` is `"null"`, for a column that isn't there at all.
 */
export function parseRow(
  raw: Record<string, unknown>,
  columns: readonly Column[],
  absent: "refuse" | "null" = "refuse",
): Record<string, RawValue> {
  const row: Record<string, RawValue> = {};
  for (const column of columns) {
    if (!Object.hasOwn(raw, column.name) && absent === "refuse") {
      const message = `column ${column.name} is missing; send it, with null where its value is unknown`;
      throw fault("invalid_input", message, { column: column.name });
    }
    row[column.name] = Object.hasOwn(raw, column.name) ? parseValue(raw[column.name], column) : null;
  }
  return row;
}

/** A key as text, as rows are looked up by; null where it is missing. */
export const keyText = (value: RawValue): string | null =>
  value === null ? null : typeof value === "object" ? new Date(value.micros / 1000).toISOString() : String(value);
