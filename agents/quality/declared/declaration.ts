import { DatasetName } from "@muster/shared/domain/dataset.ts";
import { Expectation } from "@muster/shared/domain/expectation.ts";
import { z } from "zod";

/** What a team's own project (dbt) declares of a dataset; none where it no longer declares anything. */
export const Declaration = z.object({
  dataset: DatasetName,
  by: z.string().min(1),
  expectations: z.array(Expectation),
});
export type Declaration = z.infer<typeof Declaration>;

/** The same as it is kept: how often it has changed, the first time 1, and since when it is what it is. */
export type Declared = { by: string; version: number; expectations: Expectation[]; at: string };
