/**
 * The trial process: reads the one file it was granted, once, and scores settings on its folds, one after the other and with
 * one thread. Started by trial-process.ts under Node's permission model; it has no settings, no secrets and no network client.
 */
import { asFault, fault } from "@muster/shared/fault.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { auditColumns } from "../training/audit-columns.ts";
import { candidatesUnder } from "../training/candidates-under.ts";
import { planFolds } from "../training/fold-plan.ts";
import { inMemory } from "../training/memory-plan.ts";
import { meterOf } from "../training/meter.ts";
import { fitOptionsOf } from "../training/options.ts";
import type { RaceData } from "../training/race.ts";
import { readTrainingSet } from "../training/read-training-set.ts";
import { loadXgboost } from "../xgboost/library.ts";
import { scoreTrial } from "./evaluate-trial.ts";
import type { TrialAsk, TrialFile, TrialJob, TrialSays } from "./trial-messages.ts";

const say = (message: TrialSays) => void process.send!(message);
const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

async function open(file: TrialFile) {
  if (!process.permission?.has("fs.read", file.file))
    throw fault("denied", "a trial process may open the training file it was granted and no other");
  const xgboost = loadXgboost(file.xgboostLibrary);
  const memoryMb = Math.max(64, Math.floor(file.memoryLimitMb / 2));
  const set = await readTrainingSet({ ...file, time: null, threads: 1, memoryMb });
  // The same columns and folds as the training that follows: both come from the file and the seed.
  const { kept } = auditColumns(set.columns, set.labels, seededRandom(file.seed), new Set(file.mayTell));
  if (kept.length === 0) throw fault("unfit", "no usable feature is left");
  const data: RaceData = { columns: kept, labels: set.labels, plan: planFolds(set.labels, set, file.folds, file.seed) };
  const options = fitOptionsOf({ options: file.options, costs: file.costs ?? null }, set.labels, set.columns);
  return { xgboost, data, file, options };
}

let opened: ReturnType<typeof open> | null = null;
/** What was used before a setting was asked for (starting, reading) is counted with the first one. */
let counted = 0;

async function score({ params, maxBins, from, to, cpuSecondsLimit }: TrialJob): Promise<void> {
  const used = () => cpuSeconds() - counted;
  const { check } = meterOf(cpuSecondsLimit, used);
  const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));
  if (!opened) throw fault("internal", "a trial process is told of its file first");
  const { xgboost, data, file, options } = await opened;
  // What the options make of a setting, or that they rule it out, is as in a race.
  const candidates = [{ name: params.algorithm, params, why: "", work: 0 }];
  const plan = { ...inMemory, maxBins };
  const { able, unable } = candidatesUnder({ ...file, candidates, plan, cpuSecondsLimit }, data.labels.values.length);
  const [setting] = able;
  if (!setting) throw fault("unfit", unable[0]!.reason);
  const context = { xgboost, threads: 1, seed: file.seed, options, costs: file.costs ?? null, breathe, check };
  for (let fold = from; fold < to; fold++) {
    const [own] = await scoreTrial(data, { params: setting.params, from: fold, to: fold + 1 }, file.metric, context);
    say({ kind: "fold", score: own ?? null, cpuSeconds: used() });
  }
}

// A parent that has gone can't take the answer.
process.on("disconnect", () => process.exit(0));
process.on("message", async (ask: TrialAsk) => {
  if (ask.kind === "open") {
    opened = open(ask.file);
    opened.catch(() => undefined); // told with the first setting
    return;
  }
  try {
    await score(ask);
    say({ kind: "scored", cpuSeconds: cpuSeconds() - counted });
  } catch (error) {
    const { code, message, data, cause } = asFault(error);
    if (code === "internal") console.error(error, cause);
    say({ kind: "fault", code, message, data, cpuSeconds: cpuSeconds() - counted });
  }
  counted = cpuSeconds();
});
