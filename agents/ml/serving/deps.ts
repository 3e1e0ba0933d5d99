import { join } from "node:path";
import type { Evidence } from "@muster/bus/evidence.ts";
import { type Keyed, openKeyed } from "@muster/bus/keyed.ts";
import type { Process } from "@muster/bus/process.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { openRolloutStore, type RolloutStore } from "../abtest/store.ts";
import { type DeploymentStore, openDeploymentStore } from "./store.ts";

/** What the tools around a live model stand on. */
export type ServingDeps = {
  deployments: DeploymentStore;
  /** Tests of versions beside the live ones. */
  rollouts: RolloutStore;
  lake: Lake;
  evidence: Evidence;
  /** The online store of features, which the pipeline writes. */
  keyed: Keyed;
  /** Where deployed models answer (`http://host:port`), and the folder of the prediction log's segments. */
  serving: { url: string; predictions: string };
};

/** The online store of a process. */
export function openStore(redisUrl: string | null | undefined): Keyed {
  if (!redisUrl) throw fault("unavailable", "online features need Redis; see npx muster status");
  return openKeyed(redisUrl);
}

/** The folder that the data plane writes its prediction log to. */
export const predictionsFolder = (home: string): string => join(home, "predictions");

/** Opens what the tools around a live model stand on. */
export const openServingDeps = async ({ pool, lake, evidence, config }: Process): Promise<ServingDeps> => ({
  deployments: await openDeploymentStore(pool),
  rollouts: await openRolloutStore(pool),
  lake,
  evidence,
  keyed: openStore(config.redisUrl),
  serving: { url: `http://${config.serving}`, predictions: predictionsFolder(config.home) },
});
