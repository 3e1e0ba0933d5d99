import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { ClassKind } from "@muster/shared/domain/classification.ts";
import { DatasetRef, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";

export const setClassification = tool({
  name: "set_classification",
  does: "Marks a column as a person knows it: what it holds, or what it was taken for and doesn't hold. Holds for every version.",
  effect: "write",
  input: z.object({
    dataset: DatasetRef,
    column: z.string().min(1),
    /** Kinds that it holds. */
    holds: z.array(ClassKind).default([]),
    /** Kinds that it was taken for and doesn't hold: only a person can loosen. */
    lacks: z.array(ClassKind).default([]),
    reason: z.string().min(1).max(300),
  }),
  output: z.object({ dataset: z.string(), column: z.string(), verdict: z.string() }),
  confirmedBy: ["admin", "approver"],
  fresh: false,
  run: async (
    { dataset, column, holds, lacks, reason },
    { store, lake, evidence, confirmer, now, commit, audit }: Context & GovernanceDeps,
  ) => {
    const { name } = parseDatasetRef(dataset);
    if (holds.length + lacks.length === 0)
      throw fault("invalid_input", "say what the column holds or lacks: pass `holds` or `lacks`");
    const both = holds.find((kind) => lacks.includes(kind));
    if (both) throw fault("invalid_input", `${both} stands in both \`holds\` and \`lacks\`; leave one`);
    const { columns } = await lake.manifest(dataset);
    if (!columns.some((one) => one.name === column))
      throw fault("not_found", `${name} has no such column; see catalog.describe_dataset`);
    const person = confirmer!.person;
    const written = (await lake.list()).filter(({ kind }) => kind !== "source");
    commit(async (trx) => {
      await store.marks.locked(trx, name);
      const mark = { dataset: name, column, kinds: holds, lifted: lacks, reason, person, at: now().toISOString() };
      await store.marks.set(trx, mark);
      // What the swarm wrote of it inherits the mark, and is to be classified anew as well.
      for (const dataset of [name, ...written.map((one) => one.name)])
        for (const pin of await lake.versions(dataset))
          for (const receipt of await evidence.standing("dataset.classified", { dataset: pin }))
            await evidence.store.revoke(trx, receipt.id, `${person} marked the column ${column}`);
    });
    audit("governance.classification_set", `${name}.${column}`, { holds, lacks, reason, person });
    const said = [
      ...(holds.length > 0 ? [`holds ${holds.join(", ")}`] : []),
      ...(lacks.length > 0 ? [`lacks ${lacks.join(", ")}`] : []),
    ].join(" and ");
    return { dataset: name, column, verdict: `${name}.${column} ${said}, says ${person}` };
  },
});
