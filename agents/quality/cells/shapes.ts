import type { CodedColumn } from "./coded.ts";

/** A shape is common from this share of the values that are there; the common ones must make up nearly all. */
const COMMON = 0.05;
const COVERED = 0.95;
const FEWEST = 50;

/** A text with letters as `a` and digits as `9`, one for each. */
const fine = (text: string) => text.replace(/\p{L}/gu, "a").replace(/\p{N}/gu, "9");
/** The same with runs as one, and a number as one with its fraction. */
const coarse = (text: string) =>
  fine(text)
    .replace(/a+/g, "a")
    .replace(/9+([.,]9+)*/g, "9")
    .replace(/\s+/g, " ");

/** Letters, spaces and the marks that names hold: shapes of these alone vary by right. */
const NAME = /^[a\s'’.,&()/-]*$/;
/** A value that repeats more often than this is one more kind, no damage. */
const REPEATED = 3;

function deviants(values: readonly string[], counts: Int32Array, shape: (text: string) => string, most: number) {
  const shapes = values.map(shape);
  const rows = new Map<string, number>();
  let there = 0;
  for (const [code, one] of shapes.entries()) {
    rows.set(one, (rows.get(one) ?? 0) + counts[code]!);
    there += counts[code]!;
  }
  const common = new Set([...rows].filter(([, n]) => n >= COMMON * there).map(([one]) => one));
  const covered = [...common].reduce((sum, one) => sum + rows.get(one)!, 0);
  if (there < FEWEST || common.size > most || covered < COVERED * there) return null;
  const names = [...common].every((one) => NAME.test(one));
  return new Set(
    shapes.flatMap((one, code) => {
      const usual = common.has(one) || counts[code]! > REPEATED || (names && NAME.test(one));
      return usual ? [] : [code];
    }),
  );
}

/**
 * The codes of a text column whose shape is rare where a few shapes make up nearly all: where one shape rules, to the
 * character (`99999`), else with runs as one (`a-9`). None where shapes vary, as those of names do.
 */
export function shapeCodes({ type, values, counts }: CodedColumn): Set<number> {
  if (type !== "text") return new Set();
  return deviants(values, counts, fine, 1) ?? deviants(values, counts, coarse, Number.POSITIVE_INFINITY) ?? new Set();
}
