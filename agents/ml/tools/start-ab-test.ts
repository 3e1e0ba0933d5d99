import type { AnyTrx, Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { copied, deploymentNode, modelNode, modelOutput } from "@muster/shared/domain/lineage.ts";
import { facts } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { checkServable, olderData, saysOlder } from "../abtest/older-data.ts";
import { checkComparable, planFrom, testTerms } from "../abtest/terms.ts";
import { judgedHoldout } from "../outcomes/performance-windows.ts";
import { assemble, goingLiveNeeds } from "../serving/assemble.ts";
import type { ServingDeps } from "../serving/deps.ts";
import { readPackage } from "../serving/read-package.ts";
import { checkSplit } from "../serving/split.ts";

export const startAbTest = tool({
  name: "start_ab_test",
  does: "Lets a cleared version answer a share of a deployment's entities, or shadow them, beside the live one; the same entity always gets the same version.",
  effect: "write",
  // Both stand on older data or newer: what counts is whether they can be served on the rows of now, which is looked at below.
  fresh: false,
  input: z.object({
    deployment: z.string().min(1).max(100),
    /** The challenger, as the registry counts it. */
    version: z.number().int().positive(),
    ...testTerms,
  }),
  output: facts["ab_test.started"].value.extend({
    trafficPercent: z.number(),
    entities: z.object({ once: z.number().int(), sequence: z.number().int() }),
    /** Datasets that changed since the challenger was trained, with the age of what it knows. */
    older: z.array(z.object({ dataset: z.string(), trainedOn: z.string(), newest: z.string() })),
    verdict: z.string(),
  }),
  needs: goingLiveNeeds,
  gives: [{ is: "ab_test.started", of: "deployment" }],
  cost: { ms: 800 },
  run: async (input, context: Context & ServingDeps) => {
    const { deployment: name, version, problem, registered, run, view, scoring, cleared: _, ...terms } = input;
    const { deployments, evidence, rollouts } = context;
    const live = await deployments.liveOf(name);
    if (!live) throw fault("not_found", `nothing is deployed as ${name}; deploy a version first`, { deployment: name });
    if (registered.name !== name || registered.version !== version)
      throw fault(
        "precondition_failed",
        `the receipts shown are of ${registered.name} version ${registered.version}, not of ${name} version ${version}`,
        { missing: ["model.registered"] },
      );
    const before = await rollouts.newest(name);
    if (before && before.endedAt === null)
      throw fault("conflict", `a test of ${name} runs already; end it first with ml.end_ab_test`, { test: before.id });
    const against = await readPackage(live, evidence.artifact);
    const assembled = await assemble({ problem, registered, run, view, scoring }, context);
    checkComparable(against, assembled.served);
    const older = await olderData(assembled.served, context.lake);
    checkServable(assembled.served, older);
    const plan = planFrom(terms, against.output.task, await judgedHoldout(evidence, against));
    const test = context.id("abt");
    const arms = terms.shadow ? [] : [{ version, trafficPercent: terms.trafficPercent }];
    const shadow = terms.shadow ? [version] : [];
    const split = checkSplit({ salt: test, arms, shadow, controlPercent: terms.controlPercent }, live.version);
    const { request, person } = context;
    context.commit(async (trx: AnyTrx) => {
      const participant = { version, hash: registered.hash, package: assembled.package };
      await rollouts.begin(trx, {
        ...{ id: test, name, split, plan, request, person, at: context.now().toISOString() },
        live: { version: live.version, hash: live.hash, package: live.package },
        beside: [participant],
      });
    });
    const model = modelNode(name, registered.hash);
    const node = deploymentNode(name, registered.hash);
    context.lineage({ inputs: [model], outputs: [{ ...node, columns: copied(model, [modelOutput]) }] });
    context.audit("ab_test_started", name, { test, version, against: live.version, split, plan });
    context.emit("deployment_changed", { name, version: live.version, hash: live.hash });
    const how = terms.shadow ? "shadows it" : `answers ${terms.trafficPercent} % of its entities`;
    const control = terms.controlPercent > 0 ? `; ${terms.controlPercent} % are never acted on` : "";
    return {
      ...{ test, deployment: name, version, against: live.version, entities: plan.entities },
      ...{ trafficPercent: terms.shadow ? 0 : terms.trafficPercent, older },
      verdict: `version ${version} of ${name} stands beside version ${live.version} and ${how}${control}; an effect of ${Number(plan.effect.toPrecision(3))} takes ${plan.entities.once} entities looked at once, ${plan.entities.sequence} looked at any time${saysOlder(older)}`,
    };
  },
});
