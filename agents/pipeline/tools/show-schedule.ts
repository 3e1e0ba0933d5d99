import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { PipelineDeps } from "../index.ts";
import { ScheduleView, viewOf } from "../schedule-view.ts";

export const showSchedule = tool({
  name: "show_schedule",
  does: "Shows a schedule: what it asks for, when, and for whom.",
  effect: "read",
  input: z.object({ schedule: z.string() }),
  output: ScheduleView,
  run: async ({ schedule }, { store, schedules }: Context & PipelineDeps) => {
    const found = await store.schedule(schedule);
    if (!found) throw fault("not_found", `no schedule ${schedule}; see pipeline.list_schedules`);
    return viewOf(found, schedules);
  },
});
