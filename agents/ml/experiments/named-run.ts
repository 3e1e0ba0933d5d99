import type { RunResult } from "@muster/shared/domain/model.ts";
import { isModelHash } from "@muster/shared/domain/model-uri.ts";
import { fault } from "@muster/shared/fault.ts";
import type { DeploymentStore } from "../serving/store.ts";
import { modelUri, versionOf } from "./resolve.ts";
import type { TrackingStore } from "./store.ts";

type Stores = { tracking: TrackingStore; deployments: Pick<DeploymentStore, "live" | "liveOf"> };

/**
 * Holds the run that is shown to the model that the caller names, where one is named: a true receipt beside another name changes
 * nothing. `not_found` where there is no such model, `precondition_failed` where the run is another's.
 */
export async function checkNamed(
  named: string | undefined,
  { run, model }: Pick<RunResult, "run" | "model">,
  stores: Stores,
): Promise<void> {
  if (named === undefined) return;
  if (!(isModelHash(named) ? named === model : await names(named, { run, model }, stores)))
    throw fault(
      "precondition_failed",
      `the run shown isn't that of ${named}; ask through the planner, which finds it`,
      {
        missing: ["run.finished"],
      },
    );
}

async function names(
  named: string,
  { run, model }: Pick<RunResult, "run" | "model">,
  stores: Stores,
): Promise<boolean> {
  const uri = modelUri(named);
  return uri.kind === "run" ? uri.run === run : (await versionOf(uri, stores)).hash === model;
}
