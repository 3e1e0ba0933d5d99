import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { asFault, Fault, fault } from "@muster/shared/fault.ts";
import type { ChildMessage } from "../worker/messages.ts";
import type { OutOfFold, TrainJob, TrainProgress, TrainResult } from "./job.ts";
import { joined } from "./out-of-fold-parts.ts";
import { usageOf } from "./usage.ts";

const root = join(import.meta.dirname, "../../..");
const pollMs = 100;
/** Room for the process's own start and answer before the hard stop; inside it the meter stops by itself. */
const graceCpuSeconds = 2;

/**
 * Node's flags for a process that may read our code and one data file, write nothing and start nothing.
 * Native code isn't held by them: DuckDB has its own list of the one file, libxgboost is given no path.
 */
export function confinement(file: string, xgboostLibrary: string | null): string[] {
  const code = ["agents/ml", "shared", "node_modules", "package.json"].map((part) => join(root, part));
  const readable = [...code, file, "/proc/self/status", ...(xgboostLibrary === null ? [] : [xgboostLibrary])];
  return ["--permission", "--expose-gc", "--allow-addons", ...readable.map((path) => `--allow-fs-read=${path}`)];
}

/** Node's heap for what lives shortly would grow to more than a hundred megabytes and be kept, where lists as long as a file come and go. */
const frugalHeap = ["--max-semi-space-size=1"];

/** Large arrays get pages of their own, which glibc gives back when they are freed; it would keep them for the next ones. */
const frugalMalloc = { MALLOC_MMAP_THRESHOLD_: "131072", MALLOC_TRIM_THRESHOLD_: "131072", MALLOC_ARENA_MAX: "2" };

/**
 * A training process that was granted one file, waiting for its job. It inherits no setting and no secret. `saving`: it holds
 * on to as little memory as it can, at some cost in time.
 */
export function startChild(file: string, xgboostLibrary: string | null, saving = false): ChildProcess {
  return fork(join(root, "agents/ml/worker/child.ts"), {
    execArgv: [...(saving ? frugalHeap : []), ...confinement(file, xgboostLibrary)],
    // Threads that spin while they wait once cost 30 times the time on a loaded machine.
    env: { OMP_WAIT_POLICY: "passive", TZ: "UTC", ...(saving ? frugalMalloc : {}) },
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
}

/**
 * Trains in a process of its own and gives its result.
 * Ends it and throws: `cancelled` when the signal is given, `unfit` when it needs more memory than `job.memoryLimitMb`
 * (with the measured peak; `ranOutOfMemory` tells it from other reasons), `over_budget` when it needs more CPU than the job's limit; else what the process threw.
 * Memory is looked at ten times a second; a fault carries what was used by then (`cpuSeconds`, `peakMemoryMb`).
 */
export function trainInChild(
  job: TrainJob,
  options: {
    onProgress?: (progress: TrainProgress) => void;
    signal?: AbortSignal;
    start?: (file: string, xgboostLibrary: string | null, saving: boolean) => ChildProcess;
  } = {},
): Promise<TrainResult> {
  const { onProgress, signal, start = startChild } = options;
  if (signal?.aborted) return Promise.reject(cancelled());
  const child = start(job.file, job.xgboostLibrary, job.plan?.streamed ?? false);
  return new Promise<TrainResult>((resolve, reject) => {
    let outcome: TrainResult | Fault | null = null;
    const parts: OutOfFold[] = [];
    let peakMemoryMb = 0;
    let cpuSeconds = 0;
    let stderr = "";
    const stop = (why: Fault) => {
      outcome ??= why;
      child.kill("SIGKILL");
    };
    const onAbort = () => stop(cancelled());
    signal?.addEventListener("abort", onAbort, { once: true });
    const watch = async () => {
      const usage = await usageOf(child.pid!);
      if (!usage) return;
      peakMemoryMb = Math.max(peakMemoryMb, usage.memoryMb);
      cpuSeconds = Math.max(cpuSeconds, usage.cpuSeconds);
      if (peakMemoryMb > job.memoryLimitMb) stop(tooLarge(job.memoryLimitMb, peakMemoryMb));
      if (usage.cpuSeconds > job.cpuSecondsLimit + graceCpuSeconds) stop(tooLong(job.cpuSecondsLimit));
    };
    // What can't be watched can't be held to its limits.
    const timer = setInterval(() => void watch().catch((error: unknown) => stop(asFault(error))), pollMs);
    child.stderr?.on("data", (text: Buffer) => {
      stderr = (stderr + text.toString()).slice(-4000);
    });
    child.on("message", (message: ChildMessage) => {
      if (message.kind === "progress") onProgress?.(message.progress);
      else if (message.kind === "out_of_fold") parts.push(message.part);
      else if (message.kind === "result") outcome ??= { ...message.result, oof: joined(parts) };
      else outcome ??= new Fault(message.code, message.message, message.data);
    });
    const settle = (cause: unknown) => {
      clearInterval(timer);
      signal?.removeEventListener("abort", onAbort);
      if (outcome instanceof Fault)
        reject(fault(outcome.code, outcome.message, { ...outcome.data, cpuSeconds, peakMemoryMb }, outcome.cause));
      else if (outcome) resolve({ ...outcome, peakMemoryMb: Math.max(outcome.peakMemoryMb, peakMemoryMb) });
      else if (outOfMemory(child, stderr)) reject(tooLarge(job.memoryLimitMb, peakMemoryMb, cpuSeconds));
      else
        reject(
          fault("internal", "the training process ended without an answer; the log has its last words", {}, cause),
        );
    };
    child.once("error", settle);
    child.once("close", (code, killed) => settle(new Error(`exit ${code ?? killed}: ${stderr}`)));
    child.send(job);
  });
}

/** Ended by the system for want of memory, or by the runtime because its heap is full. */
export const outOfMemory = ({ signalCode }: ChildProcess, stderr: string): boolean =>
  signalCode === "SIGKILL" || /heap out of memory|allocation failed|bad_alloc/i.test(stderr);

const cancelled = () => fault("cancelled", "the training was cancelled");

const tooLarge = (limitMb: number, peakMemoryMb: number, cpuSeconds = 0) =>
  fault(
    "unfit",
    `training needs more than its ${limitMb} MB of memory (${Math.round(peakMemoryMb)} MB were measured); raise the limit or use fewer rows or features`,
    { limitMb, peakMemoryMb, cpuSeconds },
  );

/** Whether a training ended because it needed more memory: the limit of its process, or that of the reader of its file. */
export const ranOutOfMemory = (error: unknown): error is Fault =>
  error instanceof Fault && error.code === "unfit" && ("limitMb" in error.data || "memoryMb" in error.data);

const tooLong = (limit: number) =>
  fault("over_budget", `training used up its ${limit} CPU s before a model was finished; raise the budget`, { limit });
