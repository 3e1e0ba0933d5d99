import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import type { PipelineDeps } from "../index.ts";
import { ScheduleView, viewOf } from "../schedule-view.ts";

export const listSchedules = tool({
  name: "list_schedules",
  does: "Lists schedules with their next run.",
  effect: "read",
  input: z.object({}),
  output: z.object({ schedules: z.array(ScheduleView), verdict: z.string() }),
  run: async (_, { store, schedules }: Context & PipelineDeps) => {
    const rows = await Promise.all((await store.schedules()).map((one) => viewOf(one, schedules)));
    return { schedules: rows, verdict: `${rows.length} schedule(s)` };
  },
});
