import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { PipelineDeps } from "../index.ts";

export const pauseSchedule = tool({
  name: "pause_schedule",
  does: "Pauses a schedule, or lets it go on.",
  effect: "write",
  input: z.object({ schedule: z.string(), paused: z.boolean() }),
  output: z.object({ schedule: z.string(), paused: z.boolean(), verdict: z.string() }),
  run: async ({ schedule, paused }, { schedules, timetables, now, commit, audit }: Context & PipelineDeps) => {
    const found = await schedules.get(schedule);
    if (!found) throw fault("not_found", `no schedule ${schedule}; see pipeline.list_schedules`);
    commit((trx) => schedules.pause(trx, schedule, paused, now()));
    audit(paused ? "schedule_paused" : "schedule_resumed", schedule, { name: found.name });
    // The row decides: a timetable that fires while paused is skipped by the door.
    const { cron, timeZone } = found;
    if (paused) await timetables.remove(schedule);
    else if (cron !== null) await timetables.upsert({ id: schedule, cron, timeZone });
    return { schedule, paused, verdict: paused ? "paused" : "goes on" };
  },
});
