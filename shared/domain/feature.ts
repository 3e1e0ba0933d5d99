import { z } from "zod";
import { ColumnType, DatasetName } from "./dataset.ts";

/** Aggregates of a window over a related table. `count` needs no column. */
export const Aggregate = z.enum(["count", "sum", "mean", "min", "max", "distinct"]);

const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_ .:-]{0,126}$/);
/** A table of the scope joined by key: `table.key = entity's localKey`. */
const related = { table: DatasetName, key: z.string(), localKey: z.string() };

/**
 * A typed feature: a frozen value, compiled to SQL for a dataset and evaluated row by row at serving; never free SQL.
 *
 * Own-row kinds read columns of the entity's own row and are computed at serving from raw input:
 * `column`, `date_part`, `age_days` (cutoff, or `at` column, minus date), `ratio`, `difference`, `log`, `text_length`,
 * `text_words`, `is_missing`.
 * Kinds that need other rows are looked up by entity key at serving:
 * `lookup` (the entity's row in another table), `window` (aggregate over (cutoff − w, cutoff] by event time and
 * arrival ≤ cutoff), `recency_days` (days since the newest event at the cutoff).
 */
export const Feature = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("column"), name, column: z.string(), type: ColumnType }),
  z.object({
    kind: z.literal("date_part"),
    name,
    column: z.string(),
    part: z.enum(["year", "month", "day", "weekday", "hour", "quarter"]),
  }),
  z.object({ kind: z.literal("age_days"), name, column: z.string(), at: z.string().nullable() }),
  z.object({ kind: z.literal("ratio"), name, numerator: z.string(), denominator: z.string() }),
  z.object({ kind: z.literal("difference"), name, left: z.string(), right: z.string() }),
  z.object({ kind: z.literal("log"), name, column: z.string() }),
  z.object({ kind: z.literal("text_length"), name, column: z.string() }),
  z.object({ kind: z.literal("text_words"), name, column: z.string() }),
  z.object({ kind: z.literal("is_missing"), name, column: z.string() }),
  z.object({ kind: z.literal("lookup"), name, ...related, column: z.string(), type: ColumnType }),
  z.object({ kind: z.literal("lookup_age_days"), name, ...related, column: z.string() }),
  z.object({
    kind: z.literal("window"),
    name,
    ...related,
    time: z.string(),
    arrived: z.string().nullable(),
    aggregate: Aggregate,
    column: z.string().nullable(),
    /** Length of the window in days (fractions allowed: 10 minutes = 10/1440); null: all history. */
    days: z.number().positive().nullable(),
    /** Only rows whose column equals the value. */
    where: z.object({ column: z.string(), equals: z.union([z.string(), z.number(), z.boolean()]) }).nullable(),
  }),
  z.object({ kind: z.literal("recency_days"), name, ...related, time: z.string(), arrived: z.string().nullable() }),
]);
export type Feature = z.infer<typeof Feature>;

/**
 * A feature view: which features, of which problem's entity, over which tables.
 * `hash` is SHA-256 of the canonical JSON of everything else; the SQL compiled from it is stored with it.
 */
export const FeatureView = z.object({
  hash: z.string(),
  name: z.string(),
  problem: z.string(),
  /** The table that holds the entity's own row. */
  dataset: DatasetName,
  entity: z.string().nullable(),
  features: z.array(Feature).min(1),
});
export type FeatureView = z.infer<typeof FeatureView>;

/** The type of a feature's value in the matrix: a number (booleans are 0/1), or a category as text. */
export type FeatureValueType = "number" | "category";
