import type { AnyTrx, Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { copied, deploymentNode, modelNode, modelOutput } from "@muster/shared/domain/lineage.ts";
import { z } from "zod";
import { assemble, goingLiveNeeds } from "../serving/assemble.ts";
import type { ServingDeps } from "../serving/deps.ts";
import { takePlace } from "../serving/go-live.ts";

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
  needs: goingLiveNeeds,
  gives: [{ is: "deployment.live", about: ({ name }) => ({ deployment: name }) }],
  cost: { ms: 800 },
  run: async ({ problem, registered, run, view, scoring }, context: Context & ServingDeps) => {
    const { deployments, serving } = context;
    const assembled = await assemble({ problem, registered, run, view, scoring }, context);
    const { name, version, hash } = assembled.served;
    const before = await deployments.liveOf(name);
    const row = {
      ...{ id: context.id("dep"), name, version, hash, alias: "champion", package: assembled.package },
      ...{ request: context.request, person: context.person, at: context.now().toISOString() },
    };
    const because = `version ${version} went live in its place`;
    context.commit(async (trx: AnyTrx) => void (await takePlace(trx, context, row, because)));
    const model = modelNode(name, hash);
    const columns = copied(model, [modelOutput]);
    context.lineage({ inputs: [model], outputs: [{ ...deploymentNode(name, hash), columns }] });
    context.emit("deployment_changed", { name, version, hash });
    const instead = before && before.hash !== hash ? `, in place of version ${before.version}` : "";
    return {
      ...{ name, version, hash },
      url: `${serving.url}/v2/models/${name}/infer`,
      verdict: `${name} version ${version} is live${instead}; its graph agrees with the reference on ${assembled.compared} rows`,
    };
  },
});
