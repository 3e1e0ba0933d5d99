import { type ColumnSample, looksLikeDate, shareOf, wilsonLower } from "./column-sample.ts";
import type { Finding } from "./detector.ts";

const isCode = (v: string): boolean =>
  v.length <= 40 && !/[\s@:]/.test(v) && !/^[-+]?\d*[.,]\d+$/.test(v) && !looksLikeDate(v);

function namesItsRow({ type, present, distinct, values }: ColumnSample): boolean {
  if (present < 20 || distinct < 0.99 * present || values.length === 0) return false;
  if (type === "integer") {
    const numbers = values.map(Number);
    const low = numbers.reduce((a, b) => Math.min(a, b));
    const high = numbers.reduce((a, b) => Math.max(a, b));
    return high - low + 1 <= 2 * present;
  }
  if (type !== "text" || shareOf(values, isCode) < 0.99) return false;
  const length = values[0]!.length;
  return shareOf(values, (v) => /\d/.test(v)) >= 0.9 || (length <= 16 && values.every((v) => v.length === length));
}

/**
 * The finding that a column names its row: (almost) every row another value, and the values look made for it: whole
 * numbers without large gaps, or short codes of one length or with digits. Amounts, dates and free words are none.
 */
export function uniqueKey(column: ColumnSample): Finding[] {
  if (!namesItsRow(column)) return [];
  const share = Math.min(1, column.distinct / column.present);
  const confidence = wilsonLower(Math.min(column.distinct, column.present), column.present);
  return [
    {
      detector: { identifier: null, says: "another code in every row", besidePerson: false },
      tag: { kind: "key", by: "values", share, checked: column.values.length, confidence },
    },
  ];
}
