import type { Log } from "@muster/bus/context.ts";
import type { Evidence } from "@muster/bus/evidence.ts";
import type { Keyed } from "@muster/bus/keyed.ts";
import { asFault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import type { Participant, Rollout, RolloutStore } from "../abtest/store.ts";
import { limitsOf } from "../abtest/terms.ts";
import { newestScoring, readLookup } from "./lookup.ts";
import type { Beside, Models } from "./models.ts";
import { type ServingPackage, servedModel } from "./package.ts";
import { readPackage } from "./read-package.ts";
import type { ServedModel } from "./served-model.ts";
import type { Deployment, DeploymentStore } from "./store.ts";

/** What a data plane follows the deployments with. */
export type Following = {
  deployments: Pick<DeploymentStore, "live">;
  rollouts: Pick<RolloutStore, "running">;
  evidence: Evidence;
  lake: Lake;
  keyed: Keyed;
  models: Models;
  log: Log;
};

/** A version as it is served: of which package, with which looked-up features. */
type Version = { package: string; dataset: string | null; parts: ServingPackage; onnx: Uint8Array; model: ServedModel };
/** What is served under a name: the live version, what stands beside it, and the split that these are of. */
type Served = { versions: Version[]; rollout: string | null };

/**
 * Gives a function that brings the served models in line with the deployments and their splits: a new version, newer scoring
 * features or another split replace what is served, what isn't deployed any more is removed. A version that can't be loaded
 * leaves the old one in place, is told once, and tried again the next time; one that can't stand beside the live one leaves
 * that alone in place. Calls at the same time share one pass; one more follows it.
 */
export function deploymentFollower(following: Following): () => Promise<void> {
  const { deployments, rollouts, evidence, lake, keyed, models, log } = following;
  const served = new Map<string, Served>();
  const told = new Map<string, string>();

  /** A version as it should be served; the very one that is, where nothing of it changed. */
  const versionOf = async (name: string, { hash, package: wanted }: Participant, alias: string): Promise<Version> => {
    const held = served.get(name)?.versions.find((one) => one.package === wanted);
    const parts = held ? held.parts : await readPackage({ name, hash, package: wanted }, evidence.artifact);
    const scoring = parts.lookup && (await newestScoring(evidence, parts));
    const dataset = parts.lookup === null ? null : (scoring?.dataset ?? parts.scoring);
    if (held && held.dataset === dataset && held.model.aliases[0] === alias) return held;
    const onnx = held ? held.onnx : await evidence.artifact(hash);
    const lookup =
      dataset === null ? null : await readLookup(lake, parts, { dataset, asOf: asOfOf(parts, scoring?.asOf ?? null) });
    return { package: wanted, dataset, parts, onnx, model: servedModel(parts, onnx, lookup, keyed, [alias]) };
  };
  const bring = async (row: Deployment, rollout: Rollout | null) => {
    const live = await versionOf(row.name, row, "champion");
    const others = await Promise.all(
      (rollout?.beside ?? []).map((one) =>
        versionOf(row.name, one, rollout!.split.shadow.includes(one.version) ? "shadow" : "challenger"),
      ),
    );
    const versions = [live, ...others];
    const held = served.get(row.name);
    const same = held?.versions.length === versions.length && versions.every((one, i) => one === held.versions[i]);
    if (same && held.rollout === (rollout?.id ?? null)) return;
    const beside: Beside | null = rollout && {
      ...{ split: rollout.split, models: others.map(({ model }) => model) },
      limits: limitsOf(rollout.plan, live.parts.output.task !== "regression"),
    };
    await models.replace(row.name, live.model, null, beside);
    served.set(row.name, { versions, rollout: rollout?.id ?? null });
    told.delete(row.name);
    const { name, version, hash } = row;
    const standing = others.map(({ parts }) => parts.version);
    log.info({ model: name, version, hash, dataset: live.dataset, beside: standing }, "a model went into service");
  };
  const tell = (row: Deployment, what: string, error: unknown, message: string) => {
    if (told.get(row.name) === what) return;
    told.set(row.name, what);
    log.error({ model: row.name, version: row.version, err: asFault(error) }, message);
  };
  const pass = async () => {
    const [live, running] = [await deployments.live(), await rollouts.running()];
    for (const row of live) {
      // A split is of one live version: where another went live meanwhile it is over.
      const own = running.find(({ name, live }) => name === row.name && live.package === row.package) ?? null;
      try {
        await bring(row, own).catch(async (error: unknown) => {
          if (own === null) throw error;
          await bring(row, null);
          tell(row, own.id, error, "a version can't stand beside the live one; its split isn't in force");
        });
      } catch (error) {
        tell(row, row.package, error, "a deployment can't be served");
      }
    }
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
