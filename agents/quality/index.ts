import { agent } from "@muster/bus/agent.ts";
import { run } from "@muster/bus/run.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { openQualityStore, type QualityStore } from "./store.ts";
import { checkDataset } from "./tools/check-dataset.ts";
import { checkExpectations } from "./tools/check-expectations.ts";
import { checkTrainingSet } from "./tools/check-training-set.ts";
import { profileDataset } from "./tools/profile-dataset.ts";
import { suggestExpectations } from "./tools/suggest-expectations.ts";

/** What quality's tools stand on. */
export type QualityDeps = { lake: Lake; store: QualityStore; threads: number };

/**
 * The quality agent: says whether data may be trusted.
 * Owns the tables profile, expectation, validation. Reads the lake; never writes to it.
 */
export const quality = agent({
  name: "quality",
  does: "Profiles datasets, keeps expectations, says whether data may be trusted.",
  tools: [profileDataset, suggestExpectations, checkExpectations, checkDataset, checkTrainingSet],
  async open({ pool, lake, config }) {
    return { deps: { lake, store: await openQualityStore(pool), threads: config.threads } satisfies QualityDeps };
  },
});
if (import.meta.main) await run(quality);
