import type { Schedules } from "@muster/bus/schedule.ts";
import { Goal } from "@muster/shared/domain/request.ts";
import { z } from "zod";
import type { Schedule } from "./store.ts";

/** A schedule as others see it. `nextRun`: null while paused, or until Redis has been rebuilt. */
export const ScheduleView = z.object({
  id: z.string(),
  deployment: z.string(),
  person: z.string(),
  purpose: z.string(),
  budgetUsd: z.number().nullable(),
  cron: z.string(),
  timeZone: z.string(),
  text: z.string(),
  goals: z.array(Goal),
  arguments: z.record(z.string(), z.unknown()),
  paused: z.boolean(),
  nextRun: z.string().nullable(),
});
export type ScheduleView = z.infer<typeof ScheduleView>;

/** A schedule with its next run. */
export const viewOf = async (schedule: Schedule, schedules: Schedules): Promise<ScheduleView> => ({
  ...schedule,
  nextRun: schedule.paused ? null : await schedules.next(schedule.id),
});
