import type { Schedules } from "@muster/bus/schedule.ts";
import { Goal } from "@muster/shared/domain/request.ts";
import type { Schedule } from "@muster/shared/domain/schedule.ts";
import { z } from "zod";
import type { ScheduleStore } from "./store.ts";

/** A schedule as others see it. `nextRun`: null while paused, without a cron line, or until Redis has been rebuilt. */
export const ScheduleView = z.object({
  id: z.string(),
  name: z.string(),
  deployment: z.string().nullable(),
  person: z.string(),
  purpose: z.string(),
  budgetUsd: z.number().nullable(),
  cron: z.string().nullable(),
  timeZone: z.string(),
  text: z.string(),
  goals: z.array(Goal),
  arguments: z.record(z.string(), z.unknown()),
  call: z.object({ tool: z.string(), input: z.record(z.string(), z.unknown()) }).nullable(),
  after: z.array(z.string()),
  retries: z.number().int(),
  withinMinutes: z.number().nullable(),
  paused: z.boolean(),
  nextRun: z.string().nullable(),
  lastRun: z
    .object({
      due: z.string(),
      request: z.string(),
      attempt: z.number().int(),
      status: z.string(),
      code: z.string().nullable(),
      ended: z.string().nullable(),
    })
    .nullable(),
});
export type ScheduleView = z.infer<typeof ScheduleView>;

/** A schedule with its next time and the newest one. */
export async function viewOf(schedule: Schedule, schedules: Schedules, store: ScheduleStore): Promise<ScheduleView> {
  const { at: _, ...rest } = schedule;
  const [last] = await store.runs(schedule.id, 1);
  const { schedule: __, ...lastRun } = last ?? { schedule: "" };
  return {
    ...rest,
    nextRun: schedule.paused || schedule.cron === null ? null : await schedules.next(schedule.id),
    lastRun: last ? (lastRun as ScheduleView["lastRun"]) : null,
  };
}
