import type { Context } from "@muster/bus/context.ts";
import { previousDue } from "@muster/bus/schedule.ts";
import { tool } from "@muster/bus/tool.ts";
import type { Schedule } from "@muster/shared/domain/schedule.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { PipelineDeps } from "../index.ts";

const slug = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/);

export const setSchedule = tool({
  name: "set_schedule",
  does: "Schedules a request in the asker's name: words or one tool to call, by a cron line in a time zone, after other schedules succeeded, or both.",
  effect: "write",
  input: z.object({
    name: slug,
    ask: z.string().min(1).max(4000).optional(),
    call: z
      .object({
        tool: z.string().regex(/^[a-z]+\.[a-z_]+$/),
        input: z.record(z.string(), z.unknown()).default({}),
      })
      .optional(),
    cron: z
      .string()
      .regex(/^(\S+\s+){4,5}\S+$/)
      .optional(),
    timeZone: z.string().max(100).default("UTC"),
    after: z.array(slug).max(20).default([]),
    retries: z.number().int().min(0).max(5).default(0),
    withinMinutes: z.number().positive().max(1440).optional(),
  }),
  output: z.object({ schedule: z.string(), name: z.string(), nextRun: z.string().nullable(), verdict: z.string() }),
  needs: [{ is: "request.accepted", as: "accepted" }],
  cost: { ms: 50 },
  run: async (input, { schedules, timetables, id, now, commit, audit }: Context & PipelineDeps) => {
    const { name, ask, call, cron, timeZone, retries, withinMinutes = null, accepted } = input;
    if ((ask === undefined) === (call === undefined))
      throw fault("invalid_input", "pass what to ask for: either `ask` with words or `call` with a tool");
    if (cron === undefined && input.after.length === 0)
      throw fault("invalid_input", "pass when: `cron`, or `after` with the names of other schedules");
    if (cron !== undefined) previousDue(cron, timeZone, now());
    const all = await schedules.list();
    const before = all.find((one) => one.name === name);
    if (before?.deployment) throw fault("conflict", `${name} watches a deployment; choose another name`, { name });
    const own = before?.id ?? id("sch");
    const after = input.after.map((other) => {
      const found = all.find((one) => one.name === other);
      if (!found) throw fault("not_found", `no schedule ${other}; see pipeline.list_schedules`, { schedule: other });
      return found.id;
    });
    if (waitsFor(own, after, all))
      throw fault("invalid_input", `${name} would wait for itself; leave out what comes after it`, { name });
    const schedule: Schedule = {
      ...{ id: own, name, deployment: null, after, retries, withinMinutes, timeZone, paused: false },
      person: accepted.person,
      purpose: accepted.purpose,
      budgetUsd: accepted.budgetUsd,
      cron: cron ?? null,
      text: ask ?? `call ${call!.tool}`,
      goals: [],
      arguments: {},
      call: call ?? null,
      at: now().toISOString(),
    };
    commit((trx) => schedules.save(trx, schedule));
    audit("schedule_set", own, { name, cron: cron ?? null, timeZone, after, tool: call?.tool ?? null });
    // Redis can be rebuilt from the row; a timetable whose row isn't there is skipped by the door.
    const nextRun = cron === undefined ? null : await timetables.upsert({ id: own, cron, timeZone });
    if (cron === undefined) await timetables.remove(own);
    const when = [
      ...(cron === undefined ? [] : [`at ${cron} (${timeZone}), next ${nextRun}`]),
      ...(after.length === 0 ? [] : [`after ${input.after.join(", ")} succeeded`]),
    ];
    return { schedule: own, name, nextRun, verdict: `${name}: ${when.join(", and ")}` };
  },
});

/** Whether a schedule would come to wait for itself. */
function waitsFor(own: string, after: readonly string[], all: readonly Schedule[]): boolean {
  const seen = new Set<string>();
  const open = [...after];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === own) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(all.find((one) => one.id === id)?.after ?? []));
  }
  return false;
}
