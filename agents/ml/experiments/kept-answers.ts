import { gunzipSync } from "node:zlib";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";

const numbers = z.array(z.number());
/** A row that was never held out has no answer: JSON keeps null for NaN. */
const answers = z.array(
  z
    .number()
    .nullable()
    .transform((value) => value ?? Number.NaN),
);

/**
 * A run's out-of-fold answers as they are kept: the row of the file, its fold (−1: never held out), its label (class index or
 * number), one list of predictions for each class (or the one of values; NaN for a row that was never held out), and each
 * metric's score on each fold.
 */
const OutOfFoldFile = z.object({
  classes: z.array(z.string()),
  row: numbers,
  fold: z.array(z.number().int()),
  label: numbers,
  prediction: z.array(answers),
  scores: z.record(z.string(), z.array(z.number().nullable())).default({}),
});
export type OutOfFoldFile = z.infer<typeof OutOfFoldFile>;

/**
 * A model's answers to the sealed rows as they are kept, with the group of each row (null: every row its own): what every
 * figure of its evaluation was computed from.
 */
const HoldoutFile = z.object({
  model: z.string(),
  holdout: z.string(),
  classes: z.array(z.string()),
  threshold: z.number().nullable(),
  constant: numbers,
  seed: z.number(),
  row: numbers,
  cluster: numbers.nullable(),
  label: numbers,
  prediction: z.array(numbers),
});
export type HoldoutFile = z.infer<typeof HoldoutFile>;

type Read = (hash: string) => Promise<Uint8Array>;

function parsed<T>(type: z.ZodType<T, unknown>, text: string): T {
  const found = type.safeParse(JSON.parse(text));
  if (!found.success) throw fault("internal", "the kept answers of a run aren't as they are written");
  return found.data;
}

/** The out-of-fold answers that an artifact holds. */
export const readOutOfFold = async (hash: string, artifact: Read): Promise<OutOfFoldFile> =>
  parsed(OutOfFoldFile, gunzipSync(await artifact(hash)).toString("utf8"));

/** The answers to the sealed rows that an artifact holds. */
export const readHoldout = async (hash: string, artifact: Read): Promise<HoldoutFile> =>
  parsed(HoldoutFile, Buffer.from(await artifact(hash)).toString("utf8"));
