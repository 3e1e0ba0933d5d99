import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { copied, modelNode, modelOutput } from "@muster/shared/domain/lineage.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { slug } from "../define-problem.ts";
import type { MlDeps } from "../index.ts";
import { modelName } from "../model-name.ts";

export const registerModel = tool({
  name: "register_model",
  does: "Registers an evaluated model as the next version of its name; the same bytes again are the same version.",
  effect: "write",
  input: z.object({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,62}$/)
      .optional(),
  }),
  output: z.object({ name: z.string(), version: z.number().int(), hash: z.string(), verdict: z.string() }),
  needs: [
    { is: "request.accepted" },
    { is: "problem.defined", as: "problem" },
    { is: "run.finished", as: "run" },
    { is: "model.evaluated", as: "evaluation" },
    { is: "view.registered", as: "view" },
    { is: "improvement.confirmed", as: "confirmed", optional: true },
  ],
  gives: [{ is: "model.registered" }],
  cost: { ms: 30 },
  run: async ({ name: asked, problem, run, evaluation, view, confirmed }, context: Context & MlDeps) => {
    const { store, tracking, deployments, now, request, person, commit, emit } = context;
    const { dataset, target, task } = problem;
    if (run.artifacts.onnx !== run.model)
      throw fault("precondition_failed", "the run shown doesn't hold the bytes of its model; train it again");
    if (view.view.improves !== undefined && confirmed?.lift.challenger !== run.model)
      throw fault(
        "precondition_failed",
        "a challenger is registered once its lift is confirmed; ask for an improvement",
        {
          missing: ["improvement.confirmed"],
        },
      );
    const wanted = { asked, own: problem.name, targetSlug: slug(target) };
    const { name, instead } = await modelName(wanted, { dataset, target, task }, store.ownerOf);
    const { same, newest } = await store.versionsOf(name, run.model);
    const version = same ?? newest + 1;
    const trained = modelNode(problem.name, run.model);
    const columns = copied(trained, [modelOutput]);
    context.lineage({ inputs: [trained], outputs: [{ ...modelNode(name, run.model), columns }] });
    if (same === null) {
      const at = now().toISOString();
      const live = await deployments.liveOf(name);
      commit(async (trx) => {
        await store.insertVersion(trx, {
          ...{ name, version, hash: run.model, dataset, target, task, run: run.run },
          ...{ problem: problem.hash, view: view.view.hash, metrics: evaluation.metrics },
          ...{ exploratory: evaluation.exploratory, request, person, at },
        });
        // What isn't live yet challenges what is.
        if (live) await tracking.setAlias(trx, { name, alias: "challenger", version, request, person, at });
      });
      emit("model_registered", { name, version, hash: run.model, run: run.run });
      if (live) emit("alias_moved", { name, alias: "challenger", version });
    }
    const why = instead === null ? "" : `; ${instead}`;
    const said = same === null ? `${name} version ${version}` : `${name} version ${version}, the same bytes as before`;
    return { name, version, hash: run.model, verdict: `${said}${why}` };
  },
});
