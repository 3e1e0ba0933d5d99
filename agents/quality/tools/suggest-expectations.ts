import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetRef } from "@muster/shared/domain/dataset.ts";
import { columnsOf } from "@muster/shared/domain/expectation.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { guarded } from "../guarded.ts";
import type { QualityDeps } from "../index.ts";
import { findRelations } from "../relations.ts";
import { suggestExpectations as suggest } from "../suggest.ts";

export const suggestExpectations = tool({
  name: "suggest_expectations",
  does: "Suggests expectations from a dataset's profile and what relates its columns, each with the number that justifies it; they bind from the next version on.",
  effect: "read",
  input: z.object({ dataset: DatasetRef }),
  output: z.object({
    expectations: z.array(
      z.object({
        type: z.string(),
        columns: z.array(z.string()),
        severity: z.enum(["warn", "error"]),
        because: z.string(),
      }),
    ),
    verdict: z.string(),
  }),
  needs: [
    { is: "dataset.profiled", of: "dataset", as: "profile" },
    { is: "dataset.classified", of: "dataset", as: "classification", optional: true },
  ],
  cost: { ms: 300 },
  run: async ({ dataset, profile, classification }, { lake, threads }: Context & QualityDeps) => {
    const relations = await withPins(lake, [dataset], { threads }, async (reader) =>
      findRelations(reader, await lake.manifest(dataset)),
    );
    const expectations = suggest(profile, guarded(profile, classification), relations).map((one) => ({
      type: one.type,
      columns: columnsOf(one),
      severity: one.severity,
      because: one.because,
    }));
    return { expectations, verdict: `${expectations.length} suggested; they bind from the next version on` };
  },
});
