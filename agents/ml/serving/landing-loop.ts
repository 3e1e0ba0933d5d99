import type { Log } from "@muster/bus/context.ts";
import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import { asFault } from "@muster/shared/fault.ts";
import type { ServingDeps } from "./deps.ts";
import { landPredictions } from "./landing.ts";
import { readPackage } from "./read-package.ts";

/** Once an hour: each landing writes a whole version. Whoever wants to read the log lands what waits first. */
const landEveryMs = 3_600_000;

/** Lands what waits in the prediction log, with the features of the newest deployment of each name. */
export const landWaiting = ({ deployments, evidence, lake, serving }: ServingDeps, now: Date): Promise<DatasetPin[]> =>
  landPredictions({
    lake,
    folder: serving.predictions,
    now,
    featuresOf: async (model) => {
      const [newest] = await deployments.history(model, 1);
      return newest ? (await readPackage(newest, evidence.artifact)).features : null;
    },
  });

/** Lands the prediction log every hour; for the ml agent's `started`. Gives its end. */
export function startLanding(deps: ServingDeps, { now, log }: { now: () => Date; log: Log }): () => void {
  const land = () =>
    void landWaiting(deps, now()).catch((error: unknown) =>
      log.warn({ err: asFault(error) }, "the prediction log could not be landed; it is tried again"),
    );
  const timer = setInterval(land, landEveryMs);
  land();
  return () => clearInterval(timer);
}
