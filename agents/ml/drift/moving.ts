import { spearman } from "@muster/shared/stats/correlation.ts";
import type { ColumnPair } from "./column.ts";

/**
 * Why a column moves by construction, or null where it doesn't: it differs from window to window however little the world
 * changes. An id: next to no value repeats in either window and next to none is in both (numbers: whole ones packed
 * densely, such as a counter). A date or a running counter: its rank follows the reference's times (|ρ| ≥ 0.98).
 * Ages and times since something can't be told from values; they are named by whoever made the feature.
 */
export function movesBecause(pair: ColumnPair, times: Float64Array | null): string | null {
  if (pair.reference.type === "category" && pair.current.type === "category") {
    return identifies(pair.reference.values, pair.current.values) ? "an id: no value repeats" : null;
  }
  if (pair.reference.type !== "number" || pair.current.type !== "number") return null;
  if (counts(pair.reference.values) && counts(pair.current.values)) {
    const overlap = identifies(Array.from(pair.reference.values, String), Array.from(pair.current.values, String));
    if (overlap) return "a counter: whole numbers, none repeats";
  }
  if (times !== null && followsTime(pair.reference.values, times)) return "it runs with time";
  return null;
}

function identifies(reference: string[], current: string[]): boolean {
  const known = new Set(reference);
  const now = new Set(current);
  if (known.size < 0.99 * reference.length || now.size < 0.99 * current.length) return false;
  let shared = 0;
  for (const value of now) if (known.has(value)) shared++;
  return shared <= 0.01 * now.size;
}

function counts(values: Float64Array): boolean {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) {
    if (!Number.isInteger(v)) return false;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return high - low < 2 * values.length;
}

function followsTime(values: Float64Array, times: Float64Array): boolean {
  const step = Math.max(1, Math.floor(values.length / 2000));
  const kept: number[] = [];
  for (let i = 0; i < values.length; i += step) if (!Number.isNaN(values[i]!)) kept.push(i);
  if (kept.length < 30) return false;
  return (
    Math.abs(
      spearman(
        kept.map((i) => values[i]!),
        kept.map((i) => times[i]!),
      ),
    ) >= 0.98
  );
}
