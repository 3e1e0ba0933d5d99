import type { Context } from "@muster/bus/context.ts";
import { previousDue } from "@muster/bus/schedule.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { PipelineDeps } from "../index.ts";

const readyWithinMs = 15_000;

export const scheduleRequest = tool({
  name: "schedule_request",
  does: "Schedules the drift check of a deployment in the asker's name; only where its reference stands and its predictions are logged.",
  effect: "write",
  fresh: false,
  input: z.object({
    cron: z
      .string()
      .regex(/^(\S+\s+){4,5}\S+$/)
      .default("0 2 * * *"),
    timeZone: z.string().default("UTC"),
  }),
  output: z.object({ schedule: z.string(), cron: z.string(), nextRun: z.string(), verdict: z.string() }),
  needs: [
    { is: "request.accepted", as: "accepted" },
    { is: "deployment.live", as: "live" },
    { is: "features.materialized", role: "training", as: "reference" },
  ],
  gives: [{ is: "monitoring.started" }],
  cost: { ms: 50 },
  run: async (
    { cron, timeZone, accepted, live, reference },
    { lake, schedules, timetables, serving, id, now, commit, audit, signal }: Context & PipelineDeps,
  ) => {
    // Watched means: there is something to compare with, and what comes in is written down.
    await lake.manifest(reference.dataset);
    if (!(await logs(serving, live.name, signal)))
      throw fault("unavailable", `the serving process doesn't answer for ${live.name} yet; see npx muster status`);
    const before = (await schedules.list()).find((one) => one.deployment === live.name);
    const schedule = {
      id: before?.id ?? id("sch"),
      name: `watch_${live.name}`,
      deployment: live.name,
      person: accepted.person,
      purpose: accepted.purpose,
      budgetUsd: accepted.budgetUsd,
      cron,
      timeZone,
      text: `Has ${live.name} drifted?`,
      goals: [{ is: "drift.checked", of: { deployment: live.name }, newerThan: "request" as const }],
      arguments: { deployment: live.name },
      call: null,
      after: [],
      retries: 2,
      withinMinutes: null,
      paused: false,
      at: now().toISOString(),
    };
    previousDue(cron, timeZone, now());
    commit((trx) => schedules.save(trx, schedule));
    // Redis can be rebuilt from the row; setting it first and failing after leaves a timetable whose row isn't there, which is skipped.
    const nextRun = await timetables.upsert({ id: schedule.id, cron, timeZone });
    audit("schedule_set", schedule.id, { deployment: live.name, cron, timeZone });
    return {
      schedule: schedule.id,
      cron,
      nextRun,
      verdict: `drift check of ${live.name} at ${cron} (${timeZone}), next ${nextRun}`,
    };
  },
});

/** Whether serving has the model ready: from then on every prediction goes to its log. */
async function logs(serving: string, model: string, signal: AbortSignal): Promise<boolean> {
  const until = Date.now() + readyWithinMs;
  for (;;) {
    const response = await fetch(`http://${serving}/v2/models/${model}/ready`, { signal }).catch(() => null);
    await response?.body?.cancel();
    if (response?.ok) return true;
    if (Date.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
