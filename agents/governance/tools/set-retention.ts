import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetManifest, DatasetName } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";

export const setRetention = tool({
  name: "set_retention",
  does: "Sets how many versions, for how many days, of a dataset or of all of a kind are kept, or puts a legal hold on them. Nothing is deleted by this.",
  effect: "write",
  input: z.object({
    /** A dataset by name, or all of a kind: pass one of both. */
    dataset: DatasetName.optional(),
    kind: DatasetManifest.shape.kind.optional(),
    /** Keep the newest so many versions; null: however many. The newest one is always kept. */
    versions: z.number().int().min(1).max(10_000).nullable().default(null),
    /** Keep versions for so many days after a newer one took their place; null: for ever. */
    days: z.number().int().min(0).max(36_500).nullable().default(null),
    /** A legal hold: nothing of it is removed or erased until it is lifted. */
    hold: z.boolean().default(false),
    reason: z.string().min(1).max(300),
  }),
  output: z.object({ target: z.string(), verdict: z.string() }),
  confirmedBy: ["admin", "approver"],
  fresh: false,
  run: async (
    { dataset, kind, versions, days, hold, reason },
    { store, lake, confirmer, now, commit, audit }: Context & GovernanceDeps,
  ) => {
    if ((dataset === undefined) === (kind === undefined))
      throw fault("invalid_input", "say for what: pass either `dataset` or `kind`");
    if (dataset !== undefined && !(await lake.newest(dataset)))
      throw fault("not_found", `no dataset ${dataset}; see catalog.list_datasets`);
    const target = dataset ?? `kind:${kind}`;
    const person = confirmer!.person;
    const row = { target, source: "person", keep_versions: versions, keep_days: days, held: hold, reason, person };
    commit((trx) => store.retention.set(trx, { ...row, at: now().toISOString() }));
    audit("governance.retention_set", target, { versions, days, hold, reason, person });
    const kept = [
      ...(versions === null ? [] : [`the newest ${versions} versions`]),
      ...(days === null ? [] : [`${days} days after a newer version`]),
    ];
    const said = hold ? "everything, under a legal hold" : kept.join(" and ") || "everything";
    return { target, verdict: `${target} keeps ${said}` };
  },
});
