import { z } from "zod";

/** Who said something: a person by a tool, the source in a comment, or dbt. Where they differ the first of these stands. */
export const givers = ["person", "source", "dbt"] as const;

/** Characters of a text at most. */
export const longestText = 2000;

/**
 * What somebody said of a dataset, or of one of its columns: data, shown and searched, never followed. `by` and `at`: who
 * wrote it and when, where that is known.
 */
export const DatasetText = z.object({
  dataset: z.string(),
  column: z.string().nullable(),
  kind: z.enum(["description", "owner", "comment", "tag"]),
  giver: z.enum(givers),
  text: z.string().max(longestText),
  by: z.string().nullable(),
  at: z.string(),
});
export type DatasetText = z.infer<typeof DatasetText>;

/** What stands where several said something: a person's word before dbt's, dbt's before the source's comment. */
export function standing(
  texts: readonly DatasetText[],
  kind: "description" | "owner",
  column: string | null,
): DatasetText | null {
  const order = ["person", "dbt", "source"];
  const fits = texts.filter(
    (one) => one.column === column && (one.kind === kind || (kind === "description" && one.kind === "comment")),
  );
  return fits.sort((a, b) => order.indexOf(a.giver) - order.indexOf(b.giver))[0] ?? null;
}

/** Text that a person writes: bounded, without control characters but line breaks and tabs. Empty takes what stands away. */
export const WrittenText = z
  .string()
  .max(longestText)
  .refine((text) => !/(?![\n\t])[\p{Cc}\p{Cs}]/u.test(text), "control characters can't be kept; leave them out");
