import { DatasetName } from "@muster/shared/domain/dataset.ts";
import { z } from "zod";

/**
 * Where a person's data stand: one version of one dataset. `by`: the column holds the value that names them, a key that
 * leads there from their rows, or a text that mentions them. `rows` null: written without a key from versions that hold
 * them, so that nobody can tell which rows are theirs. Counts and names only.
 */
export const Place = z.object({
  dataset: z.string(),
  pin: z.string(),
  kind: z.enum(["source", "labels", "features", "scores", "prediction_log", "outcomes"]),
  newest: z.boolean(),
  rows: z.number().int().nonnegative().nullable(),
  texts: z.number().int().nonnegative(),
  columns: z.array(
    z.object({ name: z.string(), by: z.enum(["value", "key", "mention"]), rows: z.number().int().nonnegative() }),
  ),
});
export type Place = z.infer<typeof Place>;

/** Where a person's data stand in a warehouse: one table as it is now. Nobody here writes to it. */
export const WarehousePlace = z.object({
  warehouse: DatasetName,
  schema: z.string(),
  table: z.string(),
  dataset: DatasetName,
  ...Place.pick({ texts: true, columns: true }).shape,
  rows: z.number().int().nonnegative(),
});
export type WarehousePlace = z.infer<typeof WarehousePlace>;
