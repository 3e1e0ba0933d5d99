import type { AnyTrx, Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { canonical } from "@muster/shared/canonical.ts";
import { parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { copied, deploymentNode, modelNode, modelOutput } from "@muster/shared/domain/lineage.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { loadFitted } from "../scoring/load-fitted.ts";
import type { ServingDeps } from "../serving/deps.ts";
import { packageOf } from "../serving/package.ts";
import { proveServable } from "../serving/prove-servable.ts";

export const deployModel = tool({
  name: "deploy_model",
  does: "Puts a cleared model version live in place of what bears its name; the bytes served are the bytes evaluated.",
  effect: "write",
  input: z.object({}),
  output: z.object({
    name: z.string(),
    version: z.number().int(),
    hash: z.string(),
    url: z.string(),
    verdict: z.string(),
  }),
  needs: [
    { is: "problem.defined", as: "problem" },
    { is: "model.registered", as: "registered" },
    { is: "run.finished", as: "run" },
    { is: "view.registered", as: "view" },
    { is: "deployment.cleared", as: "cleared" },
    { is: "features.materialized", role: "scoring", as: "scoring" },
  ],
  gives: [{ is: "deployment.live", about: ({ name }) => ({ deployment: name }) }],
  cost: { ms: 800 },
  run: async ({ problem, registered, run, view, scoring }, context: Context & ServingDeps) => {
    const { deployments, evidence, lake, keyed, serving } = context;
    if (registered.hash !== run.model || run.artifacts.onnx !== run.model)
      throw fault("precondition_failed", "the registered model isn't the one that this run trained; register it again");
    const onnx = await context.getArtifact(registered.hash);
    const fitted = await loadFitted(run.artifacts.fitted, context.getArtifact);
    const scope = scopeOf(context);
    const served = packageOf({
      ...{ problem, registered, run, view, scoring, fitted, scope },
      source: await lake.manifest(pinIn(scope, problem.dataset)),
    });
    const compared = await proveServable(
      served,
      fitted,
      onnx,
      { dataset: served.scoring, asOf: scoring.asOf },
      { lake, keyed },
    );
    const { name, version, hash } = served;
    const packageHash = await context.putArtifact(Buffer.from(canonical(served)), "application/json");
    const before = await deployments.liveOf(name);
    const row = {
      ...{ id: context.id("dep"), name, version, hash, alias: "champion", package: packageHash },
      ...{ request: context.request, person: context.person, at: context.now().toISOString() },
    };
    context.commit(async (trx: AnyTrx) => {
      await deployments.replace(trx, row);
      // Read under the name's lock and on its connection: what stands here is all that this version replaces.
      for (const stored of await evidence.store.standing("deployment.live", { deployment: name }, 1000, trx))
        if (evidence.believe(stored)?.about.model !== hash)
          await evidence.store.revoke(trx, stored.id, `version ${version} went live in its place`);
    });
    const model = modelNode(name, hash);
    const columns = copied(model, [modelOutput]);
    context.lineage({ inputs: [model], outputs: [{ ...deploymentNode(name, hash), columns }] });
    context.emit("deployment_changed", { name, version, hash });
    const instead = before && before.hash !== hash ? `, in place of version ${before.version}` : "";
    return {
      ...{ name, version, hash },
      url: `${serving.url}/v2/models/${name}/infer`,
      verdict: `${name} version ${version} is live${instead}; its graph agrees with the reference on ${compared} rows`,
    };
  },
});

/** The pinned dataset versions that the shown receipts are about. */
function scopeOf({ shown }: Context): string[] {
  const scope = shown.find(({ fact }) => fact === "model.registered")?.about.scope;
  return z.array(z.string()).parse(scope);
}

function pinIn(scope: readonly string[], dataset: string): string {
  const pin = scope.find((one) => parseDatasetRef(one).name === dataset);
  if (!pin) throw fault("broken_contract", `the scope doesn't hold the label's dataset ${dataset}`);
  return pin;
}
