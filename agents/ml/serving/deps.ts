import { join } from "node:path";
import type { Evidence } from "@muster/bus/evidence.ts";
import type { Process } from "@muster/bus/process.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { type DeploymentStore, openDeploymentStore } from "./store.ts";

/** What the tools around a live model stand on. */
export type ServingDeps = {
  deployments: DeploymentStore;
  lake: Lake;
  evidence: Evidence;
  /** Where deployed models answer (`http://host:port`), and the folder of the prediction log's segments. */
  serving: { url: string; predictions: string };
};

/** The folder that the data plane writes its prediction log to. */
export const predictionsFolder = (home: string): string => join(home, "predictions");

/** Opens what the tools around a live model stand on. */
export const openServingDeps = async ({ pool, lake, evidence, config }: Process): Promise<ServingDeps> => ({
  deployments: await openDeploymentStore(pool),
  lake,
  evidence,
  serving: { url: `http://${config.serving}`, predictions: predictionsFolder(config.home) },
});
