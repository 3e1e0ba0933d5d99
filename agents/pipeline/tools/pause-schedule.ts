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
  run: async ({ schedule, paused }, { store, schedules, commit, audit }: Context & PipelineDeps) => {
    const found = await store.schedule(schedule);
    if (!found) throw fault("not_found", `no schedule ${schedule}; see pipeline.list_schedules`);
    commit((trx) => store.pause(trx, schedule, paused));
    audit(paused ? "schedule_paused" : "schedule_resumed", schedule, { deployment: found.deployment });
    // The row decides: a timetable that fires while paused is skipped by the door.
    if (paused) await schedules.remove(schedule);
    else await schedules.upsert(found);
    return { schedule, paused, verdict: paused ? "paused" : "goes on" };
  },
});
