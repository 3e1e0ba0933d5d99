import type { AnyTrx, Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { copied, deploymentNode, modelNode, modelOutput } from "@muster/shared/domain/lineage.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { loadFitted } from "../scoring/load-fitted.ts";
import type { ServingDeps } from "../serving/deps.ts";
import { giveLive, takePlace } from "../serving/go-live.ts";
import { newestScoring } from "../serving/lookup.ts";
import { proveServable } from "../serving/prove-servable.ts";
import { readPackage } from "../serving/read-package.ts";
import { revisionBefore, standingLive } from "../serving/rollback.ts";

/** Revisions of a name that are looked through. */
const mostRevisions = 1000;

export const rollbackDeployment = tool({
  name: "rollback_deployment",
  does: "Puts the version that was live before, or a named one that was, back in place of the live one; refuses what no longer stands.",
  effect: "write",
  fresh: false,
  input: z.object({
    deployment: z.string().min(1).max(100),
    /** Default: what stood before the live version went live. */
    version: z.number().int().positive().optional(),
    reason: z.string().min(1).max(300).optional(),
  }),
  output: z.object({
    deployment: z.string(),
    from: z.number().int(),
    to: z.number().int(),
    hash: z.string(),
    url: z.string(),
    verdict: z.string(),
  }),
  needs: [{ is: "change.cleared", of: "deployment", role: "roll_back" }],
  cost: { ms: 800 },
  run: async ({ deployment: name, version, reason = "rolled back" }, context: Context & ServingDeps) => {
    const { deployments, evidence, serving } = context;
    const live = await deployments.liveOf(name);
    if (!live) throw fault("not_found", `nothing is deployed as ${name}; see ml.get_ml_status`, { deployment: name });
    const to = revisionBefore(live, await deployments.history(name, mostRevisions), version);
    const receipt = await standingLive(evidence, to);
    const served = await readPackage(to, context.getArtifact);
    const fitted = await loadFitted(served.fitted, context.getArtifact);
    const scoring = (await newestScoring(evidence, served)) ?? { dataset: served.scoring, asOf: null };
    await proveServable(served, fitted, await context.getArtifact(to.hash), scoring, context);
    const accepted = context.shown.find(({ fact }) => fact === "request.accepted")!;
    const url = `${serving.url}/v2/models/${name}/infer`;
    context.commit(async (trx: AnyTrx) => {
      const { request, person } = context;
      const { alias, version: back, hash, package: parts } = to;
      const row = {
        ...{ id: context.id("dep"), name, version: back, hash, alias, package: parts, request, person },
        at: context.now().toISOString(),
      };
      const { replaced } = await takePlace(trx, context, row, `${reason}: version ${back} is live again in its place`);
      if (replaced?.id !== live.id) throw fault("conflict", `${name} was deployed anew in the meantime; ask again`);
      const earlier = { receipt, accepted: accepted.id, request, person };
      await giveLive(trx, context, earlier, { name, version: back, hash, url });
    });
    const model = modelNode(name, to.hash);
    const node = deploymentNode(name, to.hash);
    context.lineage({ inputs: [model], outputs: [{ ...node, columns: copied(model, [modelOutput]) }] });
    context.emit("deployment_changed", { name, version: to.version, hash: to.hash });
    return {
      ...{ deployment: name, from: live.version, to: to.version, hash: to.hash },
      url,
      verdict: `${name} is back on version ${to.version}, in place of version ${live.version}`,
    };
  },
});
