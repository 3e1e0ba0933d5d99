import type { ColumnType } from "@muster/shared/domain/dataset.ts";
import { asFault, fault } from "@muster/shared/fault.ts";
import { parseValue, type RawValue } from "@muster/shared/features/raw.ts";
import { missingMarks } from "@muster/shared/warehouse/cells.ts";
import type { RawColumn } from "./served-model.ts";

/** What a column type takes as JSON, in words for error texts and as a check. Nothing is guessed: digits in quotes are no number, a number is no text. */
const takes: Record<ColumnType, { words: string; fits: (value: unknown) => boolean }> = {
  boolean: { words: "true or false (or 1 or 0)", fits: (v) => typeof v === "boolean" || v === 0 || v === 1 },
  integer: {
    words: "numbers within ±2^53",
    fits: (v) => typeof v === "number" && Math.abs(v) <= Number.MAX_SAFE_INTEGER,
  },
  number: { words: "finite numbers", fits: Number.isFinite },
  text: { words: "strings", fits: (v) => typeof v === "string" },
  date: { words: "strings like 2026-01-31", fits: (v) => typeof v === "string" },
  timestamp: { words: "strings like 2026-01-31T12:00:00Z", fits: (v) => typeof v === "string" },
};

const missingCells: ReadonlySet<string> = new Set(["", ...missingMarks]);

/**
 * The typed values of a column as sent, by the parser that training data and features share. JSON values must be of the
 * column's kind, null is missing; CSV cells (`text`) are text of any type, and the lake's words for missing are missing.
 * `invalid_input` names the column and the row, never the value.
 */
export function parseColumn(column: RawColumn, values: readonly unknown[], text: boolean): RawValue[] {
  const { words, fits } = takes[column.type];
  const parsed = new Array<RawValue>(values.length);
  let row = 0;
  try {
    for (; row < values.length; row++) {
      const value = text && missingCells.has(String(values[row]).trim()) ? null : values[row];
      if (!text && value !== null && !fits(value)) {
        throw fault("invalid_input", `column ${column.name} is of type ${column.type}: it takes ${words}, or null`);
      }
      parsed[row] = parseValue(value, column);
    }
  } catch (error) {
    const { code, message } = asFault(error);
    throw fault(code, `${message} (row ${row})`, {}, error);
  }
  return parsed;
}
