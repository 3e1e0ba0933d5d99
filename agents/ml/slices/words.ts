import type { Slice, SliceCondition } from "@muster/shared/domain/slice.ts";
import { short } from "@muster/shared/number-text.ts";

/** What a run answers: the target, the class that is a yes (null where there is none), and from where a number is far off. */
export type Told = { target: string; positive: string | null; farOff: number | null };

const percent = (share: number): string =>
  `${share === 0 || share >= 0.1 ? Math.round(share * 100) : Number((share * 100).toPrecision(2))} %`;

/** What a column is called in a sentence, and by what its numbers are multiplied to be told there (days as seconds). */
export type Said = { said: string; times: number };

/** A condition in words. */
export function conditionWords(condition: SliceCondition, { said, times }: Said): string {
  if (condition.op === "missing") return `${said} is missing`;
  if (condition.op === "in") {
    const values = condition.values.map((value) => `"${value}"`);
    return `${said} is ${values.length === 1 ? values[0] : `one of ${values.join(", ")}`}`;
  }
  const { low, high } = condition;
  if (low === null) return `${said} is below ${short(high! * times)}`;
  if (high === null) return `${said} is at least ${short(low * times)}`;
  return `${said} is from ${short(low * times)} to below ${short(high * times)}`;
}

/** A slice and its figures in a sentence: where, how wrong and against what, and how it was confirmed. */
export function sliceWords(slice: Omit<Slice, "words">, said: (column: string) => Said, told: Told): string {
  const where = slice.conditions.map((one) => conditionWords(one, said(one.column))).join(" and ");
  const { confirmed, expected, known } = slice;
  const share = confirmed.adjusted < 1e-300 ? "below 1e-300" : confirmed.adjusted.toPrecision(1);
  const foreseen =
    expected === null ? "" : `, ${known ? "as" : "where"} its own probabilities lead to expect ${percent(expected)}`;
  return (
    `where ${where}, the model ${mistake(slice, told)}${foreseen}; confirmed on rows not used to find it: ` +
    `${percent(confirmed.rate)} of ${confirmed.rows} rows against ${percent(confirmed.baseRate)} elsewhere (p ${share} after correction)`
  );
}

function mistake(
  { kind, share, rate, baseRate, rows }: Omit<Slice, "words">,
  { target, positive, farOff }: Told,
): string {
  const counts = `(${share.errors} of ${share.of}; elsewhere ${percent(share.elsewhere)})`;
  if (kind === "missed")
    return `misses ${percent(share.rate)} of ${target} = ${positive} ${counts}, ${percent(rate)} of the ${rows} rows there`;
  if (kind === "false_alarm")
    return `says ${target} = ${positive} for ${percent(share.rate)} of those that aren't ${counts}, ${percent(rate)} of the ${rows} rows there`;
  const affected = `${percent(rate)} of the ${rows} rows there (${share.errors}; elsewhere ${percent(baseRate)})`;
  if (positive !== null && kind === "too_low")
    return `is too sure of a no: on ${affected} it gave less than even odds to what was ${target} = ${positive}`;
  if (positive !== null && kind === "too_high")
    return `is too sure of a yes: on ${affected} it gave even odds or more to ${target} = ${positive}, and it wasn't`;
  if (farOff === null) return `is wrong on ${percent(share.rate)} of the rows ${counts}`;
  const way = kind === "wrong" ? "off" : kind === "too_low" ? "too low" : "too high";
  return `is ${way} by more than ${short(farOff)} on ${percent(share.rate)} of the rows ${counts}`;
}
