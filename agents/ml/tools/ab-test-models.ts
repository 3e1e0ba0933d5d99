import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin } from "@muster/shared/domain/dataset.ts";
import type { Goal } from "@muster/shared/domain/request.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { judgeRollout, type Standing } from "../abtest/judge-rollout.ts";
import { olderData, saysOlder } from "../abtest/older-data.ts";
import { TestPlan } from "../abtest/plan.ts";
import type { Rollout } from "../abtest/store.ts";
import { planFrom, testTerms } from "../abtest/terms.ts";
import { TestVerdict } from "../abtest/verdict.ts";
import type { MlDeps } from "../index.ts";
import { judgedHoldout } from "../outcomes/performance-windows.ts";
import type { ServingDeps } from "../serving/deps.ts";
import { readPackage } from "../serving/read-package.ts";

const SideView = z.object({
  version: z.number().int(),
  assigned: z.number().int(),
  matured: z.number().int(),
  told: z.number().int(),
  mean: z.number().nullable(),
  failures: z.number().int(),
  millisecondsPerRow: z.number().nullable(),
});

export const abTestModels = tool({
  name: "ab_test_models",
  does: "Tests a registered version against the live one: plans it and goes on to start it; once it runs, says how it stands: sample ratio first, then guardrails, then an always-valid interval.",
  effect: "read",
  input: z.object({
    deployment: z.string().min(1).max(100),
    /** The challenger, to begin a test. Without it: how the newest test of the deployment stands. */
    challenger: z.number().int().positive().optional(),
    /** The version it is tested against: the live one. */
    champion: z.number().int().positive().optional(),
    ...testTerms,
  }),
  output: z.object({
    deployment: z.string(),
    test: z.string().nullable(),
    status: z.enum(["planned", "running", "ended"]),
    plan: TestPlan,
    result: z
      .object({
        verdict: TestVerdict,
        reason: z.string(),
        difference: z.number().nullable(),
        interval: z.tuple([z.number(), z.number()]).nullable(),
        splitP: z.number().nullable(),
        live: SideView,
        challenger: SideView,
        control: z.object({ assigned: z.number(), told: z.number(), mean: z.number().nullable() }).nullable(),
      })
      .nullable(),
    /** What the steps that start it stand on; null where nothing is to be started. */
    begin: z.record(z.string(), z.unknown()).nullable(),
    verdict: z.string(),
  }),
  cost: { ms: 600 },
  next: ({ begin, deployment, plan }, { challenger, champion: _c, deployment: _d, ...terms }): Goal[] =>
    begin === null
      ? []
      : [
          {
            is: "ab_test.started",
            of: { deployment, version: challenger, ...terms, effect: plan.effect },
            on: begin,
            newerThan: "request",
          },
        ],
  run: async (input, context: Context & ServingDeps & Pick<MlDeps, "store">) => {
    const { deployment: name, challenger, champion, ...terms } = input;
    const { deployments, rollouts } = context;
    const live = await deployments.liveOf(name);
    const newest = await rollouts.newest(name);
    if (!live && !newest)
      throw fault("not_found", `nothing is deployed as ${name}; see ml.get_ml_status`, { deployment: name });
    const running = newest?.endedAt === null ? newest : null;
    if (challenger === undefined || running?.beside.some(({ version }) => version === challenger)) {
      if (!newest) throw fault("not_found", `${name} was never tested; name a \`challenger\` to begin with`);
      return await standingOf(newest, context);
    }
    if (!live) throw fault("not_found", `nothing is deployed as ${name}; deploy a version first`);
    if (running)
      throw fault("conflict", `a test of ${name} runs already; end it first with ml.end_ab_test`, { test: running.id });
    if (champion !== undefined && champion !== live.version)
      throw fault(
        "invalid_input",
        `version ${champion} isn't live as ${name}, version ${live.version} is: a test is against that`,
      );
    if (challenger === live.version)
      throw fault("invalid_input", `version ${challenger} is the live one; name another to test it against`);
    const begin = await standsOn(name, challenger, context);
    const served = await readPackage(live, context.evidence.artifact);
    const plan = planFrom(terms, served.output.task, await judgedHoldout(context.evidence, served));
    const { once, sequence } = plan.entities;
    const older = saysOlder(await olderData(begin, context.lake));
    return {
      ...{ deployment: name, test: null, status: "planned" as const, plan, result: null, begin },
      verdict: `to find a difference of ${Number(plan.effect.toPrecision(3))}${terms.effect === undefined ? " (a tenth of the level, since none was said)" : ""} in ${plan.measure} (now ${Number(plan.baseline.toPrecision(3))}) takes ${once} entities looked at once, ${sequence} looked at any time${older}`,
    };
  },
});

/** What a registered version stands on, by its newest receipt. `not_found` without such a version, `precondition_failed` where it was retired. */
async function standsOn(name: string, version: number, { store, evidence }: ServingDeps & Pick<MlDeps, "store">) {
  const versions = await store.versions(name, 1000);
  const found = versions.find((one) => one.version === version);
  if (!found) {
    const other = await store.ownerOf(name);
    const there = versions.map((one) => one.version).sort((a, b) => a - b);
    const has = other === null ? "no model of this name is registered" : `it has versions ${there.join(", ")}`;
    throw fault("not_found", `${name} has no version ${version}: ${has}`, { name, version });
  }
  const receipts = await evidence.standing("model.registered", { model: found.hash });
  const receipt = receipts.find(({ value }) => (value as { name?: string } | null)?.name === name);
  if (!receipt)
    throw fault(
      "precondition_failed",
      `version ${version} of ${name} was retired or its data erased; register it again`,
      {
        missing: ["model.registered"],
      },
    );
  const { problem, view, training, model } = receipt.about;
  return { problem, scope: z.array(DatasetPin).parse(receipt.about.scope), view, training, model };
}

async function standingOf(rollout: Rollout, context: Parameters<typeof judgeRollout>[1]) {
  const { judged, live, challenger, control } = await judgeRollout(rollout, context);
  const view = (side: Standing["live"]) => ({
    ...{ version: side.version, assigned: side.assigned, matured: side.matured, told: side.told },
    ...{ mean: side.told > 0 ? side.values.mean : null, failures: side.failures },
    millisecondsPerRow: side.rows > 0 ? (1000 * side.seconds) / side.rows : null,
  });
  const ended = rollout.endedAt !== null;
  const over = ended ? ` (ended ${rollout.endedAt!.slice(0, 10)}: ${rollout.endedBecause})` : "";
  return {
    ...{ deployment: rollout.name, test: rollout.id, plan: rollout.plan, begin: null },
    status: ended ? ("ended" as const) : ("running" as const),
    result: { ...judged, live: view(live), challenger: view(challenger), control },
    verdict: `${judged.verdict.replaceAll("_", " ")}${over}: ${judged.reason}${ended ? "" : adviceOf(rollout, judged.verdict)}`,
  };
}

/** What to do about a verdict, as the call that does it. */
function adviceOf({ name }: Rollout, verdict: TestVerdict): string {
  const end = (keep: string) => `; end it with ml.end_ab_test {"deployment": "${name}", "keep": "${keep}"}`;
  if (verdict === "challenger_better") return end("challenger");
  return ["broken_split", "guardrail", "challenger_worse", "no_difference"].includes(verdict) ? end("live") : "";
}
