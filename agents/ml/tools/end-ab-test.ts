import type { AnyTrx, Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { endTest } from "../abtest/end-test.ts";
import type { ServingDeps } from "../serving/deps.ts";
import { checkChain, giveLive, takePlace } from "../serving/go-live.ts";

export const endAbTest = tool({
  name: "end_ab_test",
  does: "Ends the A/B test of a deployment: the live version has all traffic again, or the challenger goes live in its place on the clearance it was tested under.",
  effect: "write",
  fresh: false,
  input: z.object({
    deployment: z.string().min(1).max(100),
    keep: z.enum(["live", "challenger"]),
    reason: z.string().min(1).max(300).default("the test was ended"),
  }),
  output: z.object({ deployment: z.string(), test: z.string(), version: z.number().int(), verdict: z.string() }),
  needs: [{ is: "change.cleared", of: "deployment", role: "end_test" }],
  cost: { ms: 100 },
  run: async ({ deployment: name, keep, reason }, context: Context & ServingDeps) => {
    const { deployments, evidence, rollouts, serving } = context;
    const running = await rollouts.newest(name);
    const live = await deployments.liveOf(name);
    if (!running || running.endedAt !== null || !live)
      throw fault("not_found", `no test of ${name} runs; start one with ml.ab_test_models`, { deployment: name });
    const [challenger] = running.beside as [(typeof running.beside)[0]];
    const at = context.now().toISOString();
    const { request, person } = context;
    if (keep === "live")
      context.commit(async (trx: AnyTrx) => {
        if ((await endTest(trx, context, { name, at, because: reason })) !== running.id)
          throw fault("conflict", `another test of ${name} was begun in the meantime; ask again`);
      });
    else {
      const receipt = await evidence.newest("ab_test.started", { deployment: name, model: challenger.hash });
      if (!receipt)
        throw fault("precondition_failed", `no receipt says that version ${challenger.version} was cleared`, {
          missing: ["ab_test.started"],
        });
      await checkChain(evidence, receipt, `${name} version ${challenger.version}`);
      const accepted = context.shown.find(({ fact }) => fact === "request.accepted")!.id;
      const { version, hash } = challenger;
      const row = { ...challenger, id: context.id("dep"), name, alias: "champion", request, person, at };
      const value = { name, version, hash, url: `${serving.url}/v2/models/${name}/infer` };
      context.commit(async (trx: AnyTrx) => {
        const { replaced } = await takePlace(trx, context, row, `${reason}: version ${version} went live in its place`);
        if (replaced?.id !== live.id) throw fault("conflict", `${name} was deployed anew in the meantime; ask again`);
        await giveLive(trx, context, { receipt, accepted, request, person }, value);
      });
    }
    const version = keep === "live" ? live.version : challenger.version;
    context.audit("ab_test_ended", name, { test: running.id, keep, version, reason });
    context.emit("deployment_changed", { name, version, hash: keep === "live" ? live.hash : challenger.hash });
    return { deployment: name, test: running.id, version, verdict: `${name} is answered by version ${version} alone` };
  },
});
