import type { AnyTrx, Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { deploymentNode } from "@muster/shared/domain/lineage.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { endTest } from "../abtest/end-test.ts";
import type { MlDeps } from "../index.ts";
import type { ServingDeps } from "../serving/deps.ts";

/** Versions of a name that are retired at most in one go. */
const mostVersions = 1000;

export const retireModel = tool({
  name: "retire_model",
  does: "Takes a model out of use: its deployment goes down, its versions can't be deployed until they are registered again, what watches it ends.",
  effect: "write",
  fresh: false,
  input: z.object({
    name: z.string().min(1).max(100),
    /** Default: every version. A version that isn't live is retired without touching the deployment. */
    version: z.number().int().positive().optional(),
    reason: z.string().min(1).max(300).optional(),
  }),
  output: z.object({
    name: z.string(),
    versions: z.array(z.number().int()),
    /** The version that was taken down; null where none of them was live. */
    down: z.number().int().nullable(),
    /** What stood on the deployment: its schedules and the datasets of its scores. Schedules end; datasets stay. */
    standing: z.object({ schedules: z.array(z.string()), scores: z.array(z.string()) }),
    verdict: z.string(),
  }),
  needs: [{ is: "change.cleared", of: "deployment", from: "name", role: "retire" }],
  cost: { ms: 80 },
  run: async ({ name, version, reason = "retired" }, context: Context & ServingDeps & Pick<MlDeps, "store">) => {
    const { deployments, evidence, rollouts, store } = context;
    const live = await deployments.liveOf(name);
    const known = await store.versions(name, mostVersions);
    const chosen = known.filter((one) => version === undefined || one.version === version);
    const goesDown = live !== null && (version === undefined || live.version === version);
    if (chosen.length === 0 && !goesDown) {
      const has = known.length === 0 ? "is registered or deployed" : `has the version ${version}`;
      throw fault("not_found", `no model ${name} ${has}; see npx muster models`, { name });
    }
    const registered = await Promise.all(
      chosen.map(async ({ hash }) =>
        (await evidence.standing("model.registered", { model: hash })).map(({ id }) => id),
      ),
    );
    const lives = goesDown ? await evidence.standing("deployment.live", { deployment: name }) : [];
    if (registered.flat().length === 0 && !goesDown)
      throw fault("conflict", `${name}${version === undefined ? "" : ` version ${version}`} is retired already`, {
        name,
      });
    const tested = await rollouts.newest(name);
    const inTest =
      tested?.endedAt === null && tested.beside.some((one) => version === undefined || one.version === version);
    const standing = await standingOn(context, goesDown ? name : null);
    context.commit(async (trx: AnyTrx) => {
      if (goesDown) {
        const ended = await deployments.retire(trx, name, context.now().toISOString());
        if (ended?.id !== live.id) throw fault("conflict", `${name} was deployed anew in the meantime; ask again`);
      }
      if (goesDown || inTest) await endTest(trx, context, { name, at: context.now().toISOString(), because: reason });
      for (const id of [...registered.flat(), ...lives.map((one) => one.id)])
        await evidence.store.revoke(trx, id, reason);
    });
    const versions = chosen.map((one) => one.version);
    context.audit("model_retired", name, { versions, down: goesDown ? live.version : null, reason });
    if (goesDown || inTest) context.emit("deployment_changed", { name, version: null, hash: null });
    if (goesDown) {
      context.lineage({ inputs: [deploymentNode(name, live.hash)] });
      context.emit("deployment_retired", { name, version: live.version });
    }
    return {
      ...{ name, versions, standing, down: goesDown ? live.version : null },
      verdict: [
        `${name} ${versions.length === 1 ? "version" : "versions"} ${versions.sort((a, b) => a - b).join(", ")} retired`,
        goesDown ? `version ${live.version} is taken down` : "nothing live was touched",
        ...(inTest ? ["the test that it was part of ends"] : []),
        ...(standing.schedules.length > 0 ? [`its schedules end: ${standing.schedules.join(", ")}`] : []),
        ...(standing.scores.length > 0 ? [`its scores stay in ${standing.scores.join(", ")}`] : []),
      ].join("; "),
    };
  },
});

/** What stands on a deployment, by the receipts that stand: schedules that watch it and datasets of its scores. */
async function standingOn({ evidence }: Pick<ServingDeps, "evidence">, deployment: string | null) {
  if (deployment === null) return { schedules: [], scores: [] };
  const watching = await evidence.standing("monitoring.started", { deployment });
  const written = await evidence.standing("predictions.written", { deployment });
  const schedules = await Promise.all(watching.map((one) => evidence.value<"monitoring.started">(one)));
  const scores = await Promise.all(written.map((one) => evidence.value<"predictions.written">(one)));
  return {
    schedules: [...new Set(schedules.map((one) => one.schedule))].sort(),
    scores: [...new Set(scores.map((one) => one.dataset))].sort(),
  };
}
