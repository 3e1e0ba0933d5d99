import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { airflowFile } from "../export/airflow.ts";
import { dbtFiles } from "../export/dbt.ts";
import type { PipelineDeps } from "../index.ts";

export const exportPipeline = tool({
  name: "export_pipeline",
  does: "Writes a registered feature view as files for other tools: dbt models with their schema and sources, or an Airflow DAG. Names and SQL, no rows.",
  effect: "read",
  input: z.object({ view: z.string().min(1).max(200), format: z.enum(["dbt", "airflow"]).default("dbt") }),
  output: z.object({
    view: z.string(),
    files: z.array(z.object({ path: z.string(), artifact: z.string(), bytes: z.number().int() })),
    verdict: z.string(),
  }),
  cost: { ms: 50 },
  run: async ({ view, format }, { store, schedules, putArtifact }: Context & PipelineDeps) => {
    const found = await store.view(view);
    const { hash, name, sql, scoringSql, sources } = found;
    if (scoringSql === null || sources === null)
      throw fault(
        "unfit",
        `${name} was registered before views kept what they read; register it again by asking for it`,
      );
    const { problem, dataset, features } = found.view;
    const exported = { name, hash, problem, dataset, features, sql, scoringSql, sources };
    const schedule = (await schedules.list()).find((one) => one.call?.input.problem === problem && !one.paused);
    const timetable = schedule?.cron ? { cron: schedule.cron, timeZone: schedule.timeZone } : null;
    const written = format === "dbt" ? dbtFiles(exported) : [airflowFile(exported, timetable)];
    const files: { path: string; artifact: string; bytes: number }[] = [];
    for (const { path, text } of written) {
      const bytes = Buffer.from(text);
      files.push({ path, artifact: await putArtifact(bytes, "text/plain"), bytes: bytes.length });
    }
    return { view: hash, files, verdict: `${name} as ${files.map((file) => file.path).join(", ")}` };
  },
});
