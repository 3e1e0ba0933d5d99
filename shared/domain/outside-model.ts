import { z } from "zod";

/** The raw columns that a model made outside reads of its dataset's rows, and how each is read. */
export const OutsideColumn = z.object({ column: z.string(), type: z.enum(["number", "category"]) });
export type OutsideColumn = z.infer<typeof OutsideColumn>;

/**
 * A model that somebody made outside and offered, as a problem names it: whose file by its SHA-256, the artifact that holds it
 * as our own kind of model, and the columns that it reads.
 */
export const OutsideModel = z.object({
  id: z.string(),
  kind: z.enum(["xgboost", "onnx"]),
  source: z.string(),
  fitted: z.string(),
  columns: z.array(OutsideColumn).min(1),
});
export type OutsideModel = z.infer<typeof OutsideModel>;
