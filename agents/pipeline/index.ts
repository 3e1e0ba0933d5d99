import { agent } from "@muster/bus/agent.ts";
import type { Evidence } from "@muster/bus/evidence.ts";
import { run } from "@muster/bus/run.ts";
import { openSchedules, type Schedules } from "@muster/bus/schedule.ts";
import { asFault, fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { openRunStore, type RunStore } from "./runs/store.ts";
import { openPipelineStore, type PipelineStore } from "./store.ts";
import { backfill } from "./tools/backfill.ts";
import { buildLabels } from "./tools/build-labels.ts";
import { exportPipeline } from "./tools/export-pipeline.ts";
import { getPipelineRuns } from "./tools/get-pipeline-runs.ts";
import { listSchedules } from "./tools/list-schedules.ts";
import { materializeFeatures } from "./tools/materialize-features.ts";
import { pauseSchedule } from "./tools/pause-schedule.ts";
import { previewFeatureView } from "./tools/preview-feature-view.ts";
import { registerFeatureView } from "./tools/register-feature-view.ts";
import { retryRun } from "./tools/retry-run.ts";
import { scheduleRequest } from "./tools/schedule-request.ts";
import { showSchedule } from "./tools/show-schedule.ts";
import { triggerSchedule } from "./tools/trigger-schedule.ts";

/** What pipeline's tools stand on. `serving`: host:port where deployed models answer. */
export type PipelineDeps = {
  lake: Lake;
  store: PipelineStore;
  runs: RunStore;
  evidence: Evidence;
  schedules: Schedules;
  threads: number;
  serving: string;
};

const rebuildMs = 30_000;

/**
 * The pipeline agent: labels, feature views as SQL, point-in-time matrices, schedules.
 * Owns the tables feature_view, materialization, run, schedule. Reads source datasets; writes datasets of labels and features.
 */
export const pipeline = agent({
  name: "pipeline",
  does: "Builds labels, registers and materializes feature views known at the cutoff, keeps schedules.",
  tools: [
    buildLabels,
    registerFeatureView,
    previewFeatureView,
    materializeFeatures,
    backfill,
    exportPipeline,
    getPipelineRuns,
    retryRun,
    scheduleRequest,
    listSchedules,
    showSchedule,
    triggerSchedule,
    pauseSchedule,
  ],
  async open({ pool, lake, config, log, evidence }) {
    if (!config.redisUrl) throw fault("unavailable", "schedules need Redis; see npx muster status");
    const store = await openPipelineStore(pool);
    const schedules = openSchedules(config.redisUrl);
    let timer: NodeJS.Timeout | null = null;

    /** Redis holds nothing that PostgreSQL doesn't: what it lost is put back. */
    async function rebuild(): Promise<void> {
      const held = new Set(await schedules.list());
      for (const one of await store.schedules()) if (!one.paused && !held.has(one.id)) await schedules.upsert(one);
    }
    return {
      deps: {
        lake,
        store,
        runs: openRunStore(pool),
        evidence,
        schedules,
        threads: config.threads,
        serving: config.serving,
      } satisfies PipelineDeps,
      started: async () => {
        await rebuild();
        timer = setInterval(
          () =>
            void rebuild().catch((error) => log.warn({ code: asFault(error).code }, "schedules could not be put back")),
          rebuildMs,
        );
      },
      close: async () => {
        if (timer) clearInterval(timer);
        await schedules.close();
      },
    };
  },
});
if (import.meta.main) await run(pipeline);
