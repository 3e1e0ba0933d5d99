import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { canonical } from "@muster/shared/canonical.ts";
import { ColumnClassification } from "@muster/shared/domain/classification.ts";
import { DatasetRef, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";
import { applyMarks } from "../marks/apply-marks.ts";
import { inheritedBy } from "../marks/inherited.ts";
import { classifyColumns as classify } from "../pii/classify-columns.ts";
import { inheritTags } from "../pii/inherit-tags.ts";
import { sampleColumns } from "../pii/sample-columns.ts";

export const classifyColumns = tool({
  name: "classify_columns",
  does: "Classifies the columns of a dataset by name and by values: personal data, keys, protected attributes. What the swarm wrote inherits from its sources; people's marks stand.",
  effect: "read",
  input: z.object({ dataset: DatasetRef }),
  output: z.object({ columns: z.array(ColumnClassification), verdict: z.string() }),
  needs: [{ is: "dataset.profiled", of: "dataset", as: "profile" }],
  gives: [{ is: "dataset.classified", of: "dataset" }],
  cost: { ms: 600 },
  run: async ({ dataset, profile }, { store, lake, evidence, threads, seed, commit }: Context & GovernanceDeps) => {
    const { name } = parseDatasetRef(dataset);
    const samples = await sampleColumns(lake, dataset, profile, { seed, threads });
    const marks = await store.marks.of(name);
    const inherited = await inheritedBy({ store, evidence, lake }, await lake.manifest(dataset));
    const { columns } = applyMarks(inheritTags(classify(samples), inherited), marks);
    commit(async (trx) => {
      // A mark set meanwhile has revoked what stood; what is signed now must not bring that back.
      if (canonical(await store.marks.locked(trx, name)) !== canonical(marks))
        throw fault("conflict", `somebody marked a column of ${name} while it was classified; ask again`);
    });
    const pii = columns.filter((column) => column.pii).length;
    const direct = columns.filter((column) => column.identifier === "direct").length;
    // The bound of what a sample can't show: said with the verdict, since policies rest on it.
    const missed = Math.max(0, ...columns.map(({ missedShare }) => missedShare));
    const bound =
      missed > 0
        ? `; at most ${(100 * missed).toPrecision(2)} % of a column's values can hold what the sample didn't show`
        : "";
    const verdict = `${columns.length} columns: ${pii} with personal data (${direct} direct identifiers)${bound}`;
    return { columns, verdict };
  },
});
