import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { MlDeps } from "../index.ts";

export const setModelAlias = tool({
  name: "set_model_alias",
  does: "Points an alias such as challenger at a version of a model; without a version takes it away. What is champion only a deployment says.",
  effect: "write",
  input: z.object({
    model: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/),
    alias: z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/),
    version: z.number().int().positive().optional(),
  }),
  output: z.object({ model: z.string(), alias: z.string(), version: z.number().int().nullable(), verdict: z.string() }),
  cost: { ms: 10 },
  run: async ({ model, alias, version = null }, context: Context & MlDeps) => {
    const { tracking, store, request, person, now, commit, emit } = context;
    if (alias === "champion")
      throw fault("invalid_input", "the champion is what is live: deploy a version, or roll back, to move it");
    if (/^v\d+$/.test(alias))
      throw fault("invalid_input", `${alias} looks like a version's number; choose another alias`);
    if (alias === "latest")
      throw fault("invalid_input", "latest always means the newest version; choose another alias");
    if ((await store.ownerOf(model)) === null)
      throw fault("not_found", `no model ${model} is registered; see npx muster models`);
    if (version !== null && !(await tracking.version(model, version)))
      throw fault("not_found", `${model} has no version ${version}; see npx muster models`);
    const row = { name: model, alias, version, request, person, at: now().toISOString() };
    commit((trx) => tracking.setAlias(trx, row));
    emit("alias_moved", { name: model, alias, version });
    const where = version === null ? "points at nothing now" : `points at ${model} version ${version}`;
    return { model, alias, version, verdict: `${alias} ${where}` };
  },
});
