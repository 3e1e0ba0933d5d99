import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { canonical, sha256 } from "@muster/shared/canonical.ts";
import type { Trx } from "@muster/shared/database/open.ts";
import { lineageRecorded } from "@muster/shared/domain/lineage.ts";
import { OpenLineageEvent } from "@muster/shared/domain/open-lineage.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { CatalogDeps } from "../index.ts";
import { fromOpenLineage } from "../lineage/from-open-lineage.ts";
import { openNames } from "../lineage/names.ts";
import type { LineageTables } from "../lineage/store.ts";

/** An event that may come once a run is known by run and type; of others each is its own. */
const onceARun = ["START", "COMPLETE", "FAIL", "ABORT"];

/** A job that is described without a run has one of its own: the same job is described again in the same place. */
function jobRun({ namespace, name }: OpenLineageEvent["job"]): string {
  const hex = sha256(canonical([namespace, name]));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export const recordLineage = tool({
  name: "record_lineage",
  does: "Takes an OpenLineage event of somebody else's run or job into the graph, with its origin; the same event again changes nothing.",
  effect: "write",
  input: z.object({ event: OpenLineageEvent }),
  output: z.object({
    run: z.string(),
    recorded: z.boolean(),
    inputs: z.number().int(),
    outputs: z.number().int(),
    /** Datasets of ours that it names. */
    ours: z.array(z.string()),
    verdict: z.string(),
  }),
  cost: { ms: 50 },
  run: async ({ event }, context: Context & CatalogDeps) => {
    const { store, lake, lineageNamespace, evidence, now, roles, commit } = context;
    if (roles.every((role) => role === "viewer"))
      throw fault("denied", "a viewer can look but not add lineage; an administrator gives roles");
    if (event.job.namespace === lineageNamespace)
      throw fault("denied", `jobs of ${lineageNamespace} are our own; send events of other jobs under their namespace`);
    const run = event.run?.runId.toLowerCase() ?? jobRun(event.job);
    const type = event.run ? (event.eventType ?? "OTHER") : "JOB";
    const id = onceARun.includes(type) ? `${run} ${type}` : `${run} ${type} ${sha256(canonical(event))}`;
    const names = await openNames(lake, store, lineageNamespace);
    const at = now().toISOString();
    if (await store.lineage.isOurs(run))
      throw fault("conflict", "a run of ours has this id; send events of your own runs under their own ids");
    const recorded = !(await store.lineage.sawEvent(id));
    const said = fromOpenLineage(event, { run, names, before: null }).record;
    const ours = [...said.inputs, ...said.outputs].filter(({ namespace }) => namespace === "").map(({ name }) => name);
    commit(async (trx: Trx<LineageTables>) => {
      const before = await store.lineage.external(trx, run);
      if (!(await store.lineage.noteEvent(trx, { id, run, at }))) return;
      const { record, holds } = fromOpenLineage(event, { run, names, before });
      await store.lineage.keepExternal(trx, record, at, holds);
      if (holds) await evidence.store.emit(trx, lineageRecorded, record);
    });
    const { job, inputs, outputs } = said;
    return {
      ...{ run, recorded, inputs: inputs.length, outputs: outputs.length, ours: [...new Set(ours)].sort() },
      verdict: `${job.namespace} ${job.name} ${type}: ${inputs.length} input(s), ${outputs.length} output(s), ${new Set(ours).size} of them ours${recorded ? "" : "; it was known"}`,
    };
  },
});
