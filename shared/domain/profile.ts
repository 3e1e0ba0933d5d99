import { z } from "zod";
import { ColumnType, DatasetName, DatasetVersion } from "./dataset.ts";

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);

/** The quantiles of a profile, by name. */
export const quantileLevels = {
  p01: 0.01,
  p05: 0.05,
  p10: 0.1,
  p25: 0.25,
  p50: 0.5,
  p75: 0.75,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
} as const;
export type QuantileName = keyof typeof quantileLevels;

/** Statistics of an integer or number column over its values that are there; null where there is none (or one, for sd and skew). */
export const NumberProfile = z.object({
  min: z.number().nullable(),
  max: z.number().nullable(),
  /** Mean, sd (n − 1) and skew (adjusted Fisher–Pearson) leave out values beyond ±1e100. */
  mean: z.number().nullable(),
  sd: z.number().nullable(),
  skew: z.number().nullable(),
  zeros: count,
  negatives: count,
  /** Linear interpolation between order statistics. */
  quantiles: z.partialRecord(z.enum(Object.keys(quantileLevels) as QuantileName[]), z.number().nullable()),
});

/** What a text may be that is more than text. */
export const TextKind = z.enum(["email", "url", "uuid", "ip", "percent", "json"]);
export type TextKind = z.infer<typeof TextKind>;

/** What the texts of a column look like. Lengths in characters. */
export const TextProfile = z.object({
  minLength: count,
  maxLength: count,
  meanLength: z.number().nonnegative(),
  /** Most frequent shapes: letters as A or a, digits as 9, at most 40 characters, at most 10 shapes. */
  shapes: z.array(z.object({ shape: z.string(), count })),
  /** Share of the values that could be read as another type. */
  readable: z.object({ number: share, date: share, boolean: share }),
  /** Share of the values that look like one of these; only those that some do. */
  kinds: z.partialRecord(TextKind, share).optional(),
});

/** One column by itself: nothing here relates it to another column. */
export const ColumnProfile = z.object({
  name: z.string(),
  type: ColumnType,
  nulls: count,
  nullShare: share,
  /** Distinct values that are there, exact. */
  distinct: count,
  /** distinct ÷ values that are there; 0 where there is none. */
  uniqueShare: share,
  /** At most one distinct value. */
  constant: z.boolean(),
  /** Names the row rather than describing it: (nearly) every value differs. Never set for numbers with a fraction or times. */
  idLike: z.boolean(),
  /** The most frequent values as text, at most 20, most frequent first. */
  top: z.array(z.object({ value: z.string(), count })),
  number: NumberProfile.nullable(),
  text: TextProfile.nullable(),
  /** First and last day or moment, ISO 8601. */
  time: z.object({ min: z.string().nullable(), max: z.string().nullable() }).nullable(),
});
export type ColumnProfile = z.infer<typeof ColumnProfile>;

/** What one dataset version holds, column by column. */
export const Profile = z.object({
  dataset: DatasetName,
  version: DatasetVersion,
  rows: count,
  columns: z.array(ColumnProfile),
  /** Rows that equal an earlier row in every column (by a 64-bit hash of the row). */
  duplicates: z.object({ rows: count, share }),
});
export type Profile = z.infer<typeof Profile>;

/** A value is shown to be a category, and an aggregate to be no single row, from this many rows. */
export const CATEGORY_COUNT = 20;

/** What of a column may leave the perimeter. */
export const RedactedColumn = ColumnProfile.pick({ name: true, type: true, nullShare: true, distinct: true }).extend({
  constant: z.boolean(),
  idLike: z.boolean(),
  tagged: z.boolean(),
  categories: z.array(z.object({ value: z.string(), share })),
  quantiles: NumberProfile.shape.quantiles,
  mean: z.number().nullable(),
  sd: z.number().nullable(),
});

/** What of a profile may reach a language model, a log or a bus message. */
export const RedactedProfile = z.object({
  dataset: DatasetName,
  version: DatasetVersion,
  rows: count,
  duplicateShare: share,
  columns: z.array(RedactedColumn),
});
export type RedactedProfile = z.infer<typeof RedactedProfile>;

/**
 * The part of a profile that holds no row's values: names, types, counts, null rates; of columns without a PII tag also
 * the shares of values that at least 20 rows have, mean and sd over at least 20 rows, and those quantiles beyond which at
 * least 20 rows lie (so never the minimum or maximum). `tags` holds a PII tag or null for each classified column; a column
 * that isn't in it counts as tagged.
 */
export function redactProfile(profile: Profile, tags: Readonly<Record<string, string | null>>): RedactedProfile {
  const columns = profile.columns.map((c) => {
    const tagged = !Object.hasOwn(tags, c.name) || tags[c.name] !== null;
    const there = profile.rows - c.nulls;
    const shown = !tagged && !c.idLike && there >= CATEGORY_COUNT;
    const categories = shown ? c.top.filter((v) => v.count >= CATEGORY_COUNT) : [];
    const levels = Object.entries(quantileLevels).filter(([, p]) => there * Math.min(p, 1 - p) >= CATEGORY_COUNT);
    const quantiles = levels.map(([name]) => [name, c.number?.quantiles[name as QuantileName] ?? null]);
    const { name, type, nullShare, distinct, constant, idLike } = c;
    return {
      ...{ name, type, nullShare, distinct, constant, idLike, tagged },
      categories: categories.map((v) => ({ value: v.value, share: v.count / there })),
      quantiles: shown && c.number ? Object.fromEntries(quantiles) : {},
      mean: shown ? (c.number?.mean ?? null) : null,
      sd: shown ? (c.number?.sd ?? null) : null,
    };
  });
  const { dataset, version, rows } = profile;
  return { dataset, version, rows, duplicateShare: profile.duplicates.share, columns };
}
