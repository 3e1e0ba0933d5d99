import { agent } from "@muster/bus/agent.ts";
import type { Evidence } from "@muster/bus/evidence.ts";
import { run } from "@muster/bus/run.ts";
import { asFault } from "@muster/shared/fault.ts";
import { repeat } from "@muster/shared/repeat.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { readDeclared } from "./declared/read-declared.ts";
import { openQualityStore, type QualityStore } from "./store.ts";
import { allowColumn } from "./tools/allow-column.ts";
import { checkDataset } from "./tools/check-dataset.ts";
import { checkExpectations } from "./tools/check-expectations.ts";
import { checkFreshness } from "./tools/check-freshness.ts";
import { checkTrainingSet } from "./tools/check-training-set.ts";
import { defineExpectation } from "./tools/define-expectation.ts";
import { detectAnomalies } from "./tools/detect-anomalies.ts";
import { explainFailure } from "./tools/explain-failure.ts";
import { findDuplicates } from "./tools/find-duplicates.ts";
import { findLeakage } from "./tools/find-leakage.ts";
import { findOutliers } from "./tools/find-outliers.ts";
import { getProfileHistory } from "./tools/get-profile-history.ts";
import { listExpectations } from "./tools/list-expectations.ts";
import { profileDataset } from "./tools/profile-dataset.ts";
import { scoreDataset } from "./tools/score-dataset.ts";
import { suggestExpectations } from "./tools/suggest-expectations.ts";

/** How often the outbox is read on for what projects declare. */
const readMs = 1000;

/** What quality's tools stand on. */
export type QualityDeps = { lake: Lake; evidence: Evidence; store: QualityStore; threads: number };

/**
 * The quality agent: says whether data may be trusted.
 * Owns the tables profile, expectation, definition, declared, validation, allowance. Reads the lake; never writes to it.
 */
export const quality = agent({
  name: "quality",
  does: "Profiles datasets, keeps expectations, says whether data may be trusted.",
  tools: [
    profileDataset,
    getProfileHistory,
    suggestExpectations,
    defineExpectation,
    listExpectations,
    checkExpectations,
    checkDataset,
    checkTrainingSet,
    checkFreshness,
    findDuplicates,
    findOutliers,
    findLeakage,
    allowColumn,
    detectAnomalies,
    scoreDataset,
    explainFailure,
  ],
  async open({ pool, lake, evidence, config, log, now }) {
    const store = await openQualityStore(pool);
    const failed = (error: unknown) =>
      log.warn({ code: asFault(error).code, err: error }, "declared expectations could not be read; it is tried again");
    let stopReading = async () => {};
    return {
      deps: { lake, evidence, store, threads: config.threads } satisfies QualityDeps,
      started: async () => {
        stopReading = repeat(readMs, () => readDeclared({ store, evidence, log, lake, now }), failed);
      },
      close: async () => stopReading(),
    };
  },
});
if (import.meta.main) await run(quality);
