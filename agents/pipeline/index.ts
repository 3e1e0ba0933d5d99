import { agent } from "@muster/bus/agent.ts";
import type { Evidence } from "@muster/bus/evidence.ts";
import { type Keyed, openKeyed } from "@muster/bus/keyed.ts";
import { run } from "@muster/bus/run.ts";
import { openSchedules, type Schedules } from "@muster/bus/schedule.ts";
import { asFault, fault } from "@muster/shared/fault.ts";
import { repeat } from "@muster/shared/repeat.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { rebuildOnline } from "./online/rebuild.ts";
import { type OnlineStore, openOnlineStore } from "./online/store.ts";
import { openRunStore, type RunStore } from "./runs/store.ts";
import { followRuns } from "./schedules/follow-runs.ts";
import { rebuildSchedules } from "./schedules/rebuild.ts";
import { openScheduleStore, type ScheduleStore } from "./schedules/store.ts";
import { openPipelineStore, type PipelineStore } from "./store.ts";
import { backfill } from "./tools/backfill.ts";
import { buildLabels } from "./tools/build-labels.ts";
import { exportPipeline } from "./tools/export-pipeline.ts";
import { getPipelineRuns } from "./tools/get-pipeline-runs.ts";
import { getViewVersions } from "./tools/get-view-versions.ts";
import { listSchedules } from "./tools/list-schedules.ts";
import { materializeFeatures } from "./tools/materialize-features.ts";
import { pauseSchedule } from "./tools/pause-schedule.ts";
import { previewFeatureView } from "./tools/preview-feature-view.ts";
import { previewLabels } from "./tools/preview-labels.ts";
import { registerFeatureView } from "./tools/register-feature-view.ts";
import { retryRun } from "./tools/retry-run.ts";
import { scheduleRequest } from "./tools/schedule-request.ts";
import { setSchedule } from "./tools/set-schedule.ts";
import { showSchedule } from "./tools/show-schedule.ts";
import { triggerSchedule } from "./tools/trigger-schedule.ts";

/** What pipeline's tools stand on. `serving`: host:port where deployed models answer. */
export type PipelineDeps = {
  lake: Lake;
  store: PipelineStore;
  runs: RunStore;
  evidence: Evidence;
  online: OnlineStore;
  keyed: Keyed;
  schedules: ScheduleStore;
  timetables: Schedules;
  threads: number;
  serving: string;
};

const rebuildMs = 30_000;
const followMs = 1_000;
const onlineMs = 5_000;

/**
 * The pipeline agent: labels, feature views as SQL, point-in-time matrices, schedules.
 * Owns the tables feature_view, materialization, run, online_view, schedule, schedule_run, cursor. Reads source datasets; writes datasets of labels and features.
 */
export const pipeline = agent({
  name: "pipeline",
  does: "Builds labels, registers and materializes feature views known at the cutoff, keeps schedules.",
  tools: [
    previewLabels,
    buildLabels,
    registerFeatureView,
    previewFeatureView,
    materializeFeatures,
    backfill,
    exportPipeline,
    getPipelineRuns,
    getViewVersions,
    retryRun,
    scheduleRequest,
    setSchedule,
    listSchedules,
    showSchedule,
    triggerSchedule,
    pauseSchedule,
  ],
  async open({ pool, lake, config, log, evidence, now }) {
    if (!config.redisUrl) throw fault("unavailable", "schedules need Redis; see npx muster status");
    const store = await openPipelineStore(pool);
    const schedules = openScheduleStore(pool);
    const timetables = openSchedules(config.redisUrl);
    const keyed = openKeyed(config.redisUrl);
    const online = openOnlineStore(pool);
    const onlining = { online, keyed, lake, threads: config.threads };
    const following = { store: schedules, schedules: timetables, evidence, log, now };
    const failed = (what: string) => (error: unknown) =>
      log.warn({ code: asFault(error).code, err: error }, `${what}; it is tried again`);
    const stops: (() => Promise<void>)[] = [];
    return {
      deps: {
        lake,
        store,
        runs: openRunStore(pool),
        evidence,
        online,
        keyed,
        schedules,
        timetables,
        threads: config.threads,
        serving: config.serving,
      } satisfies PipelineDeps,
      started: async () => {
        stops.push(
          repeat(
            rebuildMs,
            () => rebuildSchedules(schedules, timetables, now()),
            failed("schedules could not be put back"),
          ),
          repeat(onlineMs, () => rebuildOnline(onlining), failed("online features could not be put back")),
          repeat(followMs, () => followRuns(following), failed("what schedules came to could not be read")),
        );
      },
      close: async () => {
        await Promise.all(stops.map((stop) => stop()));
        await timetables.close();
        await keyed.close();
      },
    };
  },
});
if (import.meta.main) await run(pipeline);
