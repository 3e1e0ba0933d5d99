import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { PipelineDeps } from "../index.ts";
import { ScheduleView, viewOf } from "../schedules/view.ts";

export const showSchedule = tool({
  name: "show_schedule",
  does: "Shows a schedule: what it asks for, when, and for whom.",
  effect: "read",
  input: z.object({ schedule: z.string() }),
  output: ScheduleView,
  run: async ({ schedule }, { schedules, timetables }: Context & PipelineDeps) => {
    const found = await schedules.get(schedule);
    if (!found) throw fault("not_found", `no schedule ${schedule}; see pipeline.list_schedules`);
    return viewOf(found, timetables, schedules);
  },
});
