import { previousDue, type Schedules } from "@muster/bus/schedule.ts";
import type { Schedule } from "@muster/shared/domain/schedule.ts";
import type { ScheduleRun } from "./run.ts";
import type { ScheduleStore } from "./store.ts";

/** A timetable that works serves its own moments; only what stays unserved this long is made up for. */
const graceMs = 60_000;
/** What was due longer ago than this was skipped for a reason that stands in the door's log. */
const staleMs = 24 * 60 * 60_000;

/**
 * The moment that a schedule has to make up for: its newest one, where it is over and nothing was asked since. However many
 * were missed while the swarm was stopped, one is asked for. Null where none is missed.
 */
export function missedMoment(schedule: Schedule, last: ScheduleRun | undefined, now: Date): string | null {
  if (schedule.paused || schedule.cron === null) return null;
  const due = previousDue(schedule.cron, schedule.timeZone, now);
  const since = last && last.due > schedule.at ? last.due : schedule.at;
  return due > since && now.getTime() - Date.parse(due) > graceMs ? due : null;
}

/** Puts back what PostgreSQL says and Redis lost: timetables, moments that were made due, and the one that was missed. */
export async function rebuildSchedules(store: ScheduleStore, schedules: Schedules, now: Date): Promise<void> {
  const held = new Set(await schedules.list());
  for (const one of await store.list()) {
    if (one.paused || one.cron === null) continue;
    if (!held.has(one.id)) await schedules.upsert({ id: one.id, cron: one.cron, timeZone: one.timeZone });
    const [last] = await store.runs(one.id, 1);
    const missed = missedMoment(one, last, now);
    if (missed !== null) await schedules.trigger(one.id, missed, now);
  }
  for (const { schedule, due } of await store.open())
    if (now.getTime() - Date.parse(due) < staleMs) await schedules.trigger(schedule, due, now);
}
