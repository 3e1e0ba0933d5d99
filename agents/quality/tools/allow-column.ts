import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { QualityDeps } from "../index.ts";
import { questionOf } from "../leakage/question.ts";

export const allowColumn = tool({
  name: "allow_column",
  does: "Confirms that a leaking column of a problem's own table is known in time, so that features may read it again; or takes that back.",
  effect: "write",
  input: z.object({
    /** The hash of a problem: the confirmation holds for it and for others that ask the same of the same table. */
    problem: z.string().regex(/^[0-9a-f]{64}$/),
    column: z.string().min(1).max(200),
    /** False takes the confirmation back. */
    allow: z.boolean().default(true),
    reason: z.string().min(1).max(300),
  }),
  output: z.object({ problem: z.string(), column: z.string(), verdict: z.string() }),
  confirmedBy: ["admin", "approver"],
  fresh: false,
  run: async (
    { problem, column, allow, reason },
    { store, lake, evidence, confirmer, now, commit, audit }: Context & QualityDeps,
  ) => {
    const receipt = await evidence.newest("problem.defined", { problem });
    if (!receipt)
      throw fault("not_found", "no problem of that hash was defined here; see the plan's ml.define_problem");
    const defined = await evidence.value<"problem.defined">(receipt);
    const { dataset, target } = defined;
    const question = questionOf(defined);
    const { columns } = await lake.manifest(await lake.resolve(dataset));
    const name = column.startsWith(`${dataset}.`) ? column.slice(dataset.length + 1) : column;
    if (!columns.some((one) => one.name === name))
      throw fault("not_found", `${dataset} has no column ${name}; see catalog.describe_dataset`);
    if (name === target) throw fault("invalid_input", `${name} is the target itself; nothing may learn from it`);
    const full = `${dataset}.${name}`;
    const person = confirmer!.person;
    commit(async (trx) => {
      await store.allow(trx, { question, column: full, allowed: allow, reason, person, at: now().toISOString() });
      // Features that were suggested and models that were trained before rest on what was found then.
      for (const found of await evidence.standing("leakage.found", {})) {
        const of = await evidence.newest("problem.defined", { problem: found.about.problem });
        if (of && questionOf(await evidence.value<"problem.defined">(of)) === question)
          await evidence.store.revoke(trx, found.id, `${person} ${allow ? "allowed" : "refused"} ${full}`);
      }
    });
    audit("quality.column_allowed", full, { problem, allow, reason, person });
    const said = allow ? `was known in time for ${target}: it may be learned from` : `may not be learned from`;
    return { problem, column: full, verdict: `${full} ${said}, says ${person}` };
  },
});
