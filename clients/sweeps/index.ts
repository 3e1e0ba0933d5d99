import { main } from "@muster/bus/run.ts";
import { onDue } from "@muster/bus/schedule.ts";
import { fault } from "@muster/shared/fault.ts";
import { sweep } from "./sweep.ts";

/**
 * The sweeps door: when a schedule is due it asks, in the name of the person who set it, for what the schedule stands for.
 * Owns nothing: schedules are pipeline's rows, persons governance's, requests the planner's.
 */
if (import.meta.main)
  await main(async (process) => {
    if (!process.config.redisUrl) throw fault("unavailable", "schedules need Redis; see npx muster status");
    return onDue(
      process.config.redisUrl,
      async (due) => {
        const swept = await sweep(process, due);
        process.log.info(
          { schedule: due.schedule, ...swept },
          "request" in swept ? "a schedule was due" : "a schedule was skipped",
        );
      },
      (error) => process.log.warn({ err: error }, "a schedule could not be served"),
    );
  });
