import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import type { PipelineDeps } from "../index.ts";
import { ScheduleView, viewOf } from "../schedules/view.ts";

export const listSchedules = tool({
  name: "list_schedules",
  does: "Lists schedules with their next time and what the newest one came to.",
  effect: "read",
  input: z.object({}),
  output: z.object({ schedules: z.array(ScheduleView), verdict: z.string() }),
  run: async (_, { schedules, timetables }: Context & PipelineDeps) => {
    const rows = await Promise.all((await schedules.list()).map((one) => viewOf(one, timetables, schedules)));
    return { schedules: rows, verdict: `${rows.length} schedule(s)` };
  },
});
