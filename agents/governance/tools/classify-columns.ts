import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { canonical } from "@muster/shared/canonical.ts";
import { ColumnClassification } from "@muster/shared/domain/classification.ts";
import { DatasetRef, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";
import { applyMarks } from "../marks/apply-marks.ts";
import { classifyColumns as classify } from "../pii/classify-columns.ts";
import { sampleColumns } from "../pii/sample-columns.ts";

export const classifyColumns = tool({
  name: "classify_columns",
  does: "Classifies the columns of a dataset by name and by values: personal data, keys, protected attributes. People's marks stand.",
  effect: "read",
  input: z.object({ dataset: DatasetRef }),
  output: z.object({ columns: z.array(ColumnClassification), verdict: z.string() }),
  needs: [{ is: "dataset.profiled", of: "dataset", as: "profile" }],
  gives: [{ is: "dataset.classified", of: "dataset" }],
  cost: { ms: 600 },
  run: async ({ dataset, profile }, { store, lake, threads, seed, commit }: Context & GovernanceDeps) => {
    const { name } = parseDatasetRef(dataset);
    const samples = await sampleColumns(lake, dataset, profile, { seed, threads });
    const marks = await store.marks.of(name);
    const { columns } = applyMarks(classify(samples), marks);
    commit(async (trx) => {
      // A mark set meanwhile has revoked what stood; what is signed now must not bring that back.
      if (canonical(await store.marks.locked(trx, name)) !== canonical(marks))
        throw fault("conflict", `somebody marked a column of ${name} while it was classified; ask again`);
    });
    const pii = columns.filter((column) => column.pii).length;
    const direct = columns.filter((column) => column.identifier === "direct").length;
    const verdict = `${columns.length} columns: ${pii} with personal data (${direct} direct identifiers)`;
    return { columns, verdict };
  },
});
