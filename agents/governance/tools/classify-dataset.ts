import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { Sensitivity } from "@muster/shared/domain/classification.ts";
import { DatasetRef, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";
import { sensitivityOf } from "../policy/sensitivity.ts";

export const classifyDataset = tool({
  name: "classify_dataset",
  does: "Classifies a dataset as a whole from its columns: open, internal, personal, identifying or secret, and which columns make it so.",
  effect: "read",
  input: z.object({ dataset: DatasetRef }),
  output: Sensitivity.extend({ verdict: z.string() }),
  needs: [{ is: "dataset.classified", of: "dataset", as: "classified" }],
  gives: [{ is: "dataset.sensitivity", of: "dataset" }],
  cost: { ms: 20 },
  run: async ({ dataset, classified }, _: Context & GovernanceDeps) => {
    const found = sensitivityOf(classified);
    const { level, because } = found;
    const why = because.length > 0 ? ` by ${because.length} of ${found.columns} columns` : "";
    return { ...found, verdict: `${parseDatasetRef(dataset).name} is ${level}${why}` };
  },
});
