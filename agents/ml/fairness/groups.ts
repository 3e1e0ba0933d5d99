import type { ColumnType } from "@muster/shared/domain/dataset.ts";
import { short } from "@muster/shared/number-text.ts";
import { quantile } from "@muster/shared/stats/quantile.ts";
import { sorted } from "@muster/shared/stats/sort.ts";

/** The group of each row (an index into `names`), −1 where it has none. `bands`: the names are ranges, not values. */
export type Groups = { names: string[]; of: Int32Array; bands: boolean };

/** More distinct numbers than this are told in bands. */
const mostNumbers = 10;
const ageBands = [
  { below: 25, name: "under 25" },
  { below: 40, name: "25 to 39" },
  { below: 60, name: "40 to 59" },
  { below: Number.POSITIVE_INFINITY, name: "60 and over" },
];
const yearMs = 365.2425 * 86_400_000;

const bandOf = (age: number): string => ageBands.find(({ below }) => age < below)!.name;

/** Whole years of a life: what a column of ages holds. */
const looksLikeAges = (values: readonly number[]): boolean =>
  values.every((value) => value >= 0 && value <= 120) && values.some((value) => value >= 18);

function quarters(values: readonly number[]): (value: number) => string {
  const ascending = sorted(Float64Array.from(values));
  const cuts = [...new Set([0.25, 0.5, 0.75].map((share) => quantile(ascending, share)))];
  return (value) => {
    const above = cuts.filter((cut) => value > cut).length;
    if (above === 0) return `up to ${short(cuts[0]!)}`;
    return above === cuts.length
      ? `above ${short(cuts.at(-1)!)}`
      : `above ${short(cuts[above - 1]!)} up to ${short(cuts[above]!)}`;
  };
}

/**
 * Groups of an attribute from its values as text (null: missing) and the moment of each row (for ages; null: none).
 * Texts and few numbers are groups themselves; a date is the age at the row's moment, a number of many values an age or,
 * where it can't be one, a quarter of the values: both in bands. A group of fewer than `leastRows` rows isn't told.
 */
export function groupsOf(
  values: readonly (string | null)[],
  type: ColumnType,
  moments: readonly (number | null)[],
  leastRows: number,
): Groups {
  const { name, bands } = namer(values, type, moments);
  const named = values.map((value, row) => (value === null ? null : name(value, row)));
  const counts = new Map<string, number>();
  for (const group of named) if (group !== null) counts.set(group, (counts.get(group) ?? 0) + 1);
  const told = [...counts].filter(([, rows]) => rows >= leastRows).map(([group]) => group);
  const names = told.sort((a, b) => (a < b ? -1 : 1));
  const index = new Map(names.map((group, i) => [group, i]));
  return { names, of: Int32Array.from(named, (group) => (group === null ? -1 : (index.get(group) ?? -1))), bands };
}

function namer(
  values: readonly (string | null)[],
  type: ColumnType,
  moments: readonly (number | null)[],
): { name: (value: string, row: number) => string | null; bands: boolean } {
  if (type === "date" || type === "timestamp") {
    const age = (value: string, row: number): number | null => {
      const born = Date.parse(
        /[zZ]|[+-]\d\d(:?\d\d)?$/.test(value.slice(10))
          ? value
          : `${value.replace(" ", "T")}${value.length > 10 ? "Z" : ""}`,
      );
      const at = moments[row] ?? null;
      return Number.isNaN(born) || at === null || at < born ? null : (at - born) / yearMs;
    };
    const name = (value: string, row: number) => {
      const years = age(value, row);
      return years === null ? null : bandOf(years);
    };
    return { name, bands: true };
  }
  if (type !== "integer" && type !== "number") return { name: (value) => value, bands: false };
  const numbers = values.filter((value) => value !== null).map(Number);
  const known = numbers.filter(Number.isFinite);
  if (new Set(known).size <= mostNumbers) return { name: (value) => value, bands: false };
  const band = looksLikeAges(known) ? bandOf : quarters(known);
  return { name: (value) => (Number.isFinite(Number(value)) ? band(Number(value)) : null), bands: true };
}
