import { z } from "zod";

/**
 * What a column can hold that a policy may speak of.
 * `protected`: a protected attribute (gender, nationality, …), not personal data by itself.
 * `key`: the id of a person or account, or a column that names its row; pseudonymous, not personal data by itself.
 * Everything else is personal data (PII).
 */
export const ClassKind = z.enum([
  "email",
  "phone",
  "card",
  "card_security_code",
  "card_expiry",
  "iban",
  "national_id",
  "ip",
  "device_id",
  "vehicle",
  "username",
  "password",
  "person_name",
  "street_address",
  "postal_code",
  "city",
  "location",
  "birth_date",
  "free_text",
  "protected",
  "key",
]);
export type ClassKind = z.infer<typeof ClassKind>;

/** `direct`: names the person by itself (or is a secret of theirs). `quasi`: does so together with others. */
export const Identifier = z.enum(["direct", "quasi"]);
export type Identifier = z.infer<typeof Identifier>;

/**
 * One finding about a column. Counts only, never values.
 * `share`: of the `checked` distinct values, the ratio that fit the kind's format or checksum; null where a kind has none.
 * `by: lineage`: a column that this one was made of has it.
 * `confidence` in 0..1: by values, the lower 95 % Wilson bound of `share`; by name, the detector's own; 1 where a person
 * said so.
 */
export const ClassTag = z.object({
  kind: ClassKind,
  by: z.enum(["name", "values", "person", "lineage"]),
  share: z.number().min(0).max(1).nullable(),
  checked: z.number().int().nonnegative(),
  confidence: z.number().min(0).max(1),
});
export type ClassTag = z.infer<typeof ClassTag>;

/**
 * The classification of one column.
 * `missedShare`: with 95 % certainty no larger ratio of the column's distinct values holds a format that the sample
 * did not show (0 when every distinct value was read).
 * `why` is one sentence with counts.
 */
export const ColumnClassification = z.object({
  name: z.string(),
  tags: z.array(ClassTag),
  pii: z.boolean(),
  identifier: Identifier.nullable(),
  missedShare: z.number().min(0).max(1),
  why: z.string(),
});
export type ColumnClassification = z.infer<typeof ColumnClassification>;

/** The classification of a dataset version, column by column, in the dataset's order. */
export const Classification = z.object({ columns: z.array(ColumnClassification) });
export type Classification = z.infer<typeof Classification>;

/**
 * The words a policy tests a column by: its kinds, and `pii`, `direct`, `quasi` where they hold; sorted, without repeats.
 */
export function classesOf(column: Pick<ColumnClassification, "tags" | "pii" | "identifier">): string[] {
  const classes = new Set<string>(column.tags.map((tag) => tag.kind));
  if (column.pii) classes.add("pii");
  if (column.identifier) classes.add(column.identifier);
  return [...classes].sort();
}

/** How carefully a dataset has to be handled, in rising order. */
export const SensitivityLevel = z.enum(["open", "internal", "personal", "identifying", "secret"]);
export type SensitivityLevel = z.infer<typeof SensitivityLevel>;

/**
 * The classification of a dataset as a whole, from its columns.
 * `secret`: holds passwords or card security codes; `identifying`: a column names persons by itself, or several do so
 * together; `personal`: holds personal data; `internal`: keys of persons or protected attributes; `open`: none of these.
 * `because`: the columns that make it so, each with its classes.
 */
export const Sensitivity = z.object({
  level: SensitivityLevel,
  columns: z.number().int(),
  classes: z.array(z.object({ class: z.string(), columns: z.array(z.string()) })),
  because: z.array(z.string()),
});
export type Sensitivity = z.infer<typeof Sensitivity>;
