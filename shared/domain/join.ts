import { z } from "zod";
import { DatasetName } from "./dataset.ts";

/** A column of a dataset. */
const side = z.object({ dataset: DatasetName, column: z.string() });

/** A join that data show: each key of `left` is looked up in `right`; `inclusion`: share of left rows with a key that find theirs, exact. */
export const Join = z.object({
  left: side,
  right: side,
  inclusion: z.number(),
  leftUnique: z.boolean(),
  rightUnique: z.boolean(),
});
export type Join = z.infer<typeof Join>;

/** A way from the label's table to the rows of another: `right` names them by `left`; `unique`: at most one row a key. */
export const Path = z.object({ left: side, right: side, unique: z.boolean() });
export type Path = z.infer<typeof Path>;
