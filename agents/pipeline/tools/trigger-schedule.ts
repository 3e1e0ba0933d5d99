import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { PipelineDeps } from "../index.ts";

export const triggerSchedule = tool({
  name: "trigger_schedule",
  does: "Makes a schedule due now, once, beside its timetable.",
  effect: "write",
  input: z.object({ schedule: z.string() }),
  output: z.object({ schedule: z.string(), at: z.string(), verdict: z.string() }),
  run: async ({ schedule }, { schedules, timetables, now }: Context & PipelineDeps) => {
    if (!(await schedules.get(schedule)))
      throw fault("not_found", `no schedule ${schedule}; see pipeline.list_schedules`);
    const at = now().toISOString();
    await timetables.trigger(schedule, at, now());
    return { schedule, at, verdict: "due now" };
  },
});
