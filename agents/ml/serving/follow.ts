import type { Log } from "@muster/bus/context.ts";
import type { Evidence } from "@muster/bus/evidence.ts";
import type { Keyed } from "@muster/bus/keyed.ts";
import { asFault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { newestScoring, readLookup } from "./lookup.ts";
import type { Models } from "./models.ts";
import { type ServingPackage, servedModel } from "./package.ts";
import { readPackage } from "./read-package.ts";
import type { Deployment, DeploymentStore } from "./store.ts";

/** What a data plane follows the deployments with. */
export type Following = {
  deployments: Pick<DeploymentStore, "live">;
  evidence: Evidence;
  lake: Lake;
  keyed: Keyed;
  models: Models;
  log: Log;
};

/** What is served under a name: of which package, with which looked-up features. */
type Served = { package: string; dataset: string | null; parts: ServingPackage; onnx: Uint8Array };

/**
 * Gives a function that brings the served models in line with the deployments: a new version or newer scoring features
 * replace what is served, what isn't deployed any more is removed. A version that can't be loaded leaves the old one in
 * place, is told once, and tried again the next time. Calls at the same time share one pass; one more follows it.
 */
export function deploymentFollower({
  deployments,
  evidence,
  lake,
  keyed,
  models,
  log,
}: Following): () => Promise<void> {
  const served = new Map<string, Served>();
  const told = new Map<string, string>();

  const bring = async (row: Deployment) => {
    const held = served.get(row.name);
    const parts = held?.package === row.package ? held.parts : await readPackage(row, evidence.artifact);
    const scoring = parts.lookup && (await newestScoring(evidence, parts));
    const dataset = parts.lookup === null ? null : (scoring?.dataset ?? parts.scoring);
    if (held?.package === row.package && held.dataset === dataset) return;
    const onnx = held?.package === row.package ? held.onnx : await evidence.artifact(row.hash);
    const lookup =
      dataset === null ? null : await readLookup(lake, parts, { dataset, asOf: asOfOf(parts, scoring?.asOf ?? null) });
    await models.replace(row.name, servedModel(parts, onnx, lookup, keyed));
    served.set(row.name, { package: row.package, dataset, parts, onnx });
    told.delete(row.name);
    log.info({ model: row.name, version: row.version, hash: row.hash, dataset }, "a model went into service");
  };
  const pass = async () => {
    const live = await deployments.live();
    for (const row of live)
      await bring(row).catch((error: unknown) => {
        if (told.get(row.name) === row.package) return;
        told.set(row.name, row.package);
        log.error({ model: row.name, version: row.version, err: asFault(error) }, "a deployment can't be served");
      });
    for (const name of served.keys())
      if (!live.some((row) => row.name === name)) {
        await models.remove(name);
        served.delete(name);
        log.info({ model: name }, "a model went out of service");
      }
  };

  let running: Promise<void> | null = null;
  let again: Promise<void> | null = null;
  const start = () => {
    running = pass().finally(() => {
      running = null;
    });
    return running;
  };
  return () => {
    if (!running) return start();
    // What changed since the running pass read the deployments is seen by the next one.
    again ??= running
      .catch(() => {})
      .then(() => {
        again = null;
        return start();
      });
    return again;
  };
}

/** The time of scoring features: their own, else the scoring cutoff that the problem names. */
const asOfOf = ({ problem }: ServingPackage, asOf: string | null): string | null => asOf ?? problem.cutoffs.scoring;
