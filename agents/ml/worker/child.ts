/**
 * The training process: takes one job over IPC, reads the one file it was granted, trains, answers and ends.
 * Started by training/spawn.ts under Node's permission model; it has no settings, no secrets and no network client.
 */
import { readFileSync } from "node:fs";
import { asFault, fault } from "@muster/shared/fault.ts";
import type { TrainJob, TrainProgress, TrainResult } from "../training/job.ts";
import { meterOf } from "../training/meter.ts";
import { partsOf } from "../training/out-of-fold-parts.ts";
import { readTrainingSet } from "../training/read-training-set.ts";
import { readCompactSet } from "../training/streamed/read-compact.ts";
import { trainOn } from "../training/train.ts";
import { loadXgboost } from "../xgboost/library.ts";
import type { ChildMessage } from "./messages.ts";

const send = (message: ChildMessage) =>
  new Promise<void>((resolve, reject) => {
    if (!process.send) throw new Error("the training process is started by training/spawn.ts, with a channel");
    process.send(message, (error: Error | null) => (error ? reject(error) : resolve()));
  });

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Linux keeps the peak across exec only in VmHWM; `maxRSS` would start at the parent's. */
function peakMemoryMb(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS / 1024;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;
}

async function train(job: TrainJob): Promise<TrainResult> {
  if (!process.permission?.has("fs.read", job.file))
    throw fault("denied", "the training process may open the training file it was granted and no other");
  const onProgress = (progress: TrainProgress) => void send({ kind: "progress", progress });
  const collect = job.plan?.streamed ? globalThis.gc : undefined;
  const breathe = () =>
    new Promise<void>((resolve) => {
      // Where memory is short, what a fold left behind is given back before the next one.
      collect?.();
      setImmediate(resolve);
    });
  onProgress({ stage: "read", candidate: null, fold: null, folds: job.folds, round: null, rounds: null });
  const xgboost = loadXgboost(job.xgboostLibrary);
  const file = { ...job, share: job.plan?.share, memoryMb: Math.max(64, Math.floor(job.memoryLimitMb / 2)) };
  const set = job.plan?.streamed ? await readCompactSet(file) : await readTrainingSet(file);
  const trained = await trainOn(set, job, {
    xgboost,
    threads: job.threads,
    seed: job.seed,
    meter: meterOf(job.cpuSecondsLimit, cpuSeconds),
    wallSeconds: () => performance.now() / 1000,
    breathe,
    onProgress,
  });
  const engineVersion = `xgboost ${xgboost.version}, node ${process.versions.node}`;
  return { ...trained, engineVersion, cpuSeconds: cpuSeconds(), peakMemoryMb: peakMemoryMb() };
}

// A parent that has gone can't take the answer.
process.on("disconnect", () => process.exit(0));
process.once("message", async (job: TrainJob) => {
  try {
    const { oof, ...result } = await train(job);
    for (const part of partsOf(oof)) await send({ kind: "out_of_fold", part });
    await send({ kind: "result", result });
  } catch (error) {
    const { code, message, data, cause } = asFault(error);
    if (code === "internal") console.error(error, cause);
    await send({ kind: "fault", code, message, data });
  }
  process.disconnect();
});
