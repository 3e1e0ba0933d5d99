import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetRef } from "@muster/shared/domain/dataset.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { PairMeasure, pairMeasures } from "../associations.ts";
import { readCoded } from "../cells/read-coded.ts";
import type { QualityDeps } from "../index.ts";
import { profileDataset as profile } from "../profile.ts";

/** What a profile says in the plan: counts per column; the values stand in the fact and stay in the perimeter. */
const Summary = z.object({
  rows: z.number().int(),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      nullShare: z.number(),
      distinct: z.number().int(),
      constant: z.boolean(),
      idLike: z.boolean(),
    }),
  ),
  duplicateRows: z.number().int(),
  associations: z.array(PairMeasure).optional(),
  verdict: z.string(),
});

export const profileDataset = tool({
  name: "profile_dataset",
  does: "Profiles every column of a dataset by itself: counts, missing, distinct, quantiles, shapes, times.",
  effect: "read",
  input: z.object({
    dataset: DatasetRef,
    /** Also shows how the columns go together, to the person who asks: no agent reads that, before the hold-out is fixed. */
    associations: z.boolean().default(false),
  }),
  output: Summary,
  gives: [{ is: "dataset.profiled", of: "dataset" }],
  cost: { ms: 500 },
  run: async ({ dataset, associations }, { lake, threads, store, now, commit, value }: Context & QualityDeps) => {
    const found =
      (await store.profile(dataset)) ??
      (await withPins(lake, [dataset], { threads }, async (engine) => profile(engine, await lake.manifest(dataset))));
    commit((trx) => store.saveProfile(trx, dataset, found, now()));
    // The whole profile holds values: it stands in the fact, inside the perimeter, and never in a reply.
    value("dataset.profiled", found);
    const columns = found.columns.map(({ name, type, nullShare, distinct, constant, idLike }) => ({
      name,
      type,
      nullShare,
      distinct,
      constant,
      idLike,
    }));
    const missing = found.columns.filter((column) => column.nulls > 0).length;
    return {
      rows: found.rows,
      columns,
      duplicateRows: found.duplicates.rows,
      ...(associations && { associations: await measured() }),
      verdict: `${found.rows} rows, ${columns.length} columns, ${missing} with missing values, ${found.duplicates.rows} repeated rows`,
    };

    async function measured() {
      const { name, columns: all } = await lake.manifest(dataset);
      const table = await withPins(lake, [dataset], { threads }, (reader) => readCoded(reader, name, all));
      return pairMeasures(table);
    }
  },
});
