import { asFault, fault } from "@muster/shared/fault.ts";
import { aliasedVersion } from "../experiments/resolve.ts";
import type { ListedRun } from "../experiments/run.ts";
import { trainedFacts } from "../experiments/trained-facts.ts";
import type { MlDeps } from "../index.ts";
import { type Mlflow, MlflowRefusal } from "./client.ts";
import type { MirrorStore } from "./store.ts";
import { batchesOf, batchLimits, pairsOf, statusOf, type WireMetric } from "./wire.ts";

/** What the mirror is made from and where it goes. */
export type Mirroring = Pick<MlDeps, "tracking" | "deployments" | "evidence"> & { mirror: MirrorStore; mlflow: Mlflow };

const ms = (at: string) => Date.parse(at);
const is = (error: unknown, code: string) => error instanceof MlflowRefusal && error.code === code;

/**
 * Brings a run there up to where it stands here: its experiment, itself, what was logged and not sent yet, how it ended.
 * Idempotent: a run that was created but not noted is found again by its tag.
 */
export async function mirrorRun(id: string, on: Mirroring): Promise<string> {
  const { tracking, mirror, mlflow, evidence } = on;
  const run = await tracking.run(id);
  if (!run) throw fault("internal", "an event names a run that there isn't");
  const remote = (await mirror.remoteRun(id)) ?? (await createRun(run, on));
  const [notes, results, code] = await Promise.all([tracking.notesOf(id), tracking.results([id]), tracking.code(id)]);
  const result = results.get(id);
  const own = result && (await trainedFacts(result, run.finishedAt ?? run.startedAt, evidence));
  const measured = own?.metrics.map(({ key, value, at, step }) => ({ key, value, timestamp: ms(at), step })) ?? [];
  const tags = {
    ...notes.tags,
    ...(code?.commit && { "mlflow.source.git.commit": code.commit }),
    ...(code && { "muster.version": code.version, "muster.data": code.data.join(" ") }),
    ...(run.dataset && { "muster.dataset": run.dataset }),
    ...(run.target && { "muster.target": run.target }),
    ...(run.model && { "muster.model": run.model }),
  };
  const params = pairsOf({ ...own?.params, ...notes.params }, batchLimits.param);
  const known = { params, tags: pairsOf(tags, batchLimits.tag), metrics: measured };
  for (const body of batchesOf(remote, known)) await mlflow.post("runs/log-batch", body);
  for (;;) {
    const unsent = await mirror.unsent(id, batchLimits.metrics);
    if (unsent.length === 0) break;
    const metrics = unsent.map(({ key, value, at, step }): WireMetric => ({ key, value, timestamp: ms(at), step }));
    await mlflow.post("runs/log-batch", { run_id: remote, metrics });
    await mirror.sent(id, unsent);
  }
  await mlflow.post("runs/update", {
    ...{ run_id: remote, status: statusOf[run.status] },
    ...(run.finishedAt && { end_time: ms(run.finishedAt) }),
  });
  return remote;
}

async function createRun(run: ListedRun, { tracking, mirror, mlflow }: Mirroring): Promise<string> {
  const named = run.experiment && (await tracking.experimentName(run.experiment));
  const experiment = await experimentOf(named || `muster/${run.name}`, mlflow);
  const own = { key: "muster.run", value: run.id };
  const found = await mlflow.post<{ runs?: { info: { run_id: string } }[] }>("runs/search", {
    ...{ experiment_ids: [experiment], filter: `tags.\`muster.run\` = '${run.id}'`, max_results: 1 },
  });
  let remote = found.runs?.[0]?.info.run_id;
  if (!remote) {
    const tags = [own, { key: "mlflow.source.name", value: "muster" }, { key: "mlflow.source.type", value: "PROJECT" }];
    if (run.person) tags.push({ key: "mlflow.user", value: run.person });
    const created = await mlflow.post<{ run: { info: { run_id: string } } }>("runs/create", {
      ...{ experiment_id: experiment, run_name: run.name, start_time: ms(run.startedAt), tags },
    });
    remote = created.run.info.run_id;
  }
  await mirror.nameRun(run.id, remote);
  return remote;
}

async function experimentOf(name: string, mlflow: Mlflow): Promise<string> {
  try {
    const held = await mlflow.get<{ experiment: { experiment_id: string } }>("experiments/get-by-name", {
      experiment_name: name,
    });
    return held.experiment.experiment_id;
  } catch (error) {
    if (!is(error, "RESOURCE_DOES_NOT_EXIST")) throw error;
    return (await mlflow.post<{ experiment_id: string }>("experiments/create", { name })).experiment_id;
  }
}

/** Registers a version there, once, as the next one of its name; its number here is a tag. Gives its number there. */
export async function mirrorVersion(name: string, version: number, on: Mirroring): Promise<string> {
  const { tracking, mirror, mlflow } = on;
  const known = await mirror.remoteVersion(name, version);
  if (known) return known;
  const held = await tracking.version(name, version);
  if (!held) throw fault("internal", "an event names a version that there isn't");
  const run = await mirrorRun(held.run, on);
  await mlflow.post("registered-models/create", { name }).catch((error: unknown) => {
    if (!is(error, "RESOURCE_ALREADY_EXISTS")) throw error;
  });
  type Version = { version: string; tags?: { key: string; value: string }[] };
  const filter = `name='${name}'`;
  const found = await mlflow.get<{ model_versions?: Version[] }>("model-versions/search", {
    filter,
    max_results: "1000",
  });
  const own = { key: "muster.version", value: String(version) };
  const there = found.model_versions?.find(({ tags }) =>
    ["muster.version", "muster.model"].every((key) =>
      tags?.some((tag) => tag.key === key && tag.value === (key === own.key ? own.value : held.hash)),
    ),
  );
  const created =
    there ??
    (
      await mlflow.post<{ model_version: Version }>("model-versions/create", {
        ...{ name, source: `runs:/${run}/model.onnx`, run_id: run },
        tags: [own, { key: "muster.model", value: held.hash }],
      })
    ).model_version;
  await mirror.nameVersion(name, version, created.version);
  return created.version;
}

/** Points an alias there at what it points at here by now, or takes it away. */
export async function mirrorAlias(name: string, alias: string, on: Mirroring): Promise<void> {
  const version = await aliasedVersion(name, alias, on).catch((error: unknown) => {
    if (asFault(error).code !== "not_found") throw error;
    return null;
  });
  if (version !== null) {
    const remote = await mirrorVersion(name, version, on);
    await on.mlflow.post("registered-models/alias", { name, alias, version: remote });
    return;
  }
  await on.mlflow.delete("registered-models/alias", { name, alias }).catch((error: unknown) => {
    if (!(error instanceof MlflowRefusal)) throw error;
  });
}
