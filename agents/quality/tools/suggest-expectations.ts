import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetRef } from "@muster/shared/domain/dataset.ts";
import { z } from "zod";
import { guarded } from "../guarded.ts";
import type { QualityDeps } from "../index.ts";
import { suggestExpectations as suggest } from "../suggest.ts";

export const suggestExpectations = tool({
  name: "suggest_expectations",
  does: "Suggests expectations from a dataset's profile, each with the number that justifies it; they bind from the next version on.",
  effect: "read",
  input: z.object({ dataset: DatasetRef }),
  output: z.object({
    expectations: z.array(
      z.object({
        type: z.string(),
        column: z.string().nullable(),
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
  cost: { ms: 20 },
  run: async ({ profile, classification }, _: Context & QualityDeps) => {
    const expectations = suggest(profile, guarded(profile, classification)).map((one) => ({
      type: one.type,
      column: "column" in one.kwargs ? one.kwargs.column : null,
      severity: one.severity,
      because: one.because,
    }));
    return { expectations, verdict: `${expectations.length} suggested; they bind from the next version on` };
  },
});
