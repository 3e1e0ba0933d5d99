import { readFile } from "node:fs/promises";
import { onEvent } from "@muster/bus/event.ts";
import { newId } from "@muster/bus/evidence.ts";
import type { Process } from "@muster/bus/process.ts";
import { announceService } from "@muster/bus/serve.ts";
import { asFault, fault } from "@muster/shared/fault.ts";
import { tokenFile } from "@muster/shared/home.ts";
import { openRolloutStore } from "../abtest/store.ts";
import { openStore, predictionsFolder } from "./deps.ts";
import { isLoopback } from "./door.ts";
import { deploymentFollower } from "./follow.ts";
import { servedModels } from "./models.ts";
import { predictionLog } from "./prediction-log.ts";
import { createServing } from "./server.ts";
import { openDeploymentStore } from "./store.ts";

/** An event tells of a change at once; the poll finds what an event that got lost would have told. */
const pollMs = 2_000;
const sweepMs = 10_000;
const version = "0.1.0";

/** The data plane at work: where it answers, and its end, which waits for requests under way. */
export type DataPlane = { url: string; close: () => Promise<void> };

/**
 * Opens the data plane of a process: serves what is deployed, follows changes, logs every prediction, answers the bus's
 * ping. Open on loopback; on any other address it wants the home's token. `conflict` where the port is taken.
 */
export async function openDataPlane(process: Process): Promise<DataPlane> {
  const { config, log, now, evidence, lake, nats } = process;
  const [, address = "", port = ""] = /^(.*):(\d+)$/.exec(config.serving) ?? [];
  const host = address.replace(/^\[|\]$/g, "");
  const token = isLoopback(host) ? null : await tokenOf(config.home);
  const deployments = await openDeploymentStore(process.pool);
  const rollouts = await openRolloutStore(process.pool);
  const keyed = openStore(config.redisUrl);
  const predictions = await predictionLog({ folder: predictionsFolder(config.home), now, log });
  const models = servedModels((served, error) => {
    if (error) log.warn({ model: served.name, version: served.version, err: asFault(error) }, "a model wasn't freed");
  });
  const follow = deploymentFollower({ deployments, rollouts, evidence, lake, keyed, models, log });
  const again = (what: string, work: () => Promise<void>) => () =>
    void work().catch((error: unknown) => log.warn({ code: asFault(error).code }, `${what} failed; it is tried again`));
  const refresh = again("following the deployments", follow);

  // Heard before the first pass: what changes during it isn't missed.
  const unhear = onEvent(nats, { agent: "ml", name: "deployment_changed" }, refresh);
  await follow();
  models.started();
  const app = createServing({
    ...{ models, predictions, log, now, token, version },
    newId: () => newId("prd"),
  });
  let url: string;
  try {
    url = await app.listen({ host, port: Number(port) });
  } catch (error) {
    throw fault("conflict", `port ${port} is taken; set MUSTER_SERVING to another`, { port: Number(port) }, error);
  }
  const timers = [
    setInterval(refresh, pollMs),
    setInterval(
      again("ending a segment of the prediction log", () => predictions.sweep()),
      sweepMs,
    ),
  ];
  const quiet = await announceService(nats, process.name, "Serves deployed models and logs their predictions.");
  return {
    url,
    close: async () => {
      for (const timer of timers) clearInterval(timer);
      unhear();
      await quiet();
      await app.close();
      await predictions.close();
      await models.close();
      await keyed.close();
    },
  };
}

async function tokenOf(home: string): Promise<string> {
  try {
    return (await readFile(tokenFile(home), "utf8")).trim();
  } catch (error) {
    throw fault("unavailable", "the home has no token yet, which serving beyond loopback needs", {}, error);
  }
}
