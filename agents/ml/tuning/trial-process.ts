import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { canonical } from "@muster/shared/canonical.ts";
import { asFault, Fault, fault } from "@muster/shared/fault.ts";
import { confinement, outOfMemory } from "../training/spawn.ts";
import { usageOf } from "../training/usage.ts";
import type { TrialAsk, TrialFile, TrialJob, TrialSays } from "./trial-messages.ts";

const pollMs = 200;
/** A process that waits for its next setting keeps the file in memory so long. */
const idleMs = 20_000;
/** Room for what a process does between two looks of its own; then it is ended. */
const graceCpuSeconds = 2;

/** What a setting took: CPU seconds of its own, and the peak of memory of the process that scored it. */
export type TrialUsage = { cpuSeconds: number; peakMemoryMb: number };

/** Processes that score settings, as many as are asked for at once; each keeps the file that it read for the next setting of it. */
export type TrialProcesses = ReturnType<typeof trialProcesses>;

/** `ended`: by us, since nobody waits for it any more. */
type Held = { child: ChildProcess; key: string; idle: NodeJS.Timeout | null; stderr: string; ended: boolean };

/**
 * Opens the pool. `score` gives what a setting took and tells of each fold as it is known. Throws what the
 * process threw, `over_budget` beyond the setting's CPU seconds, `unfit` beyond the file's memory limit, `cancelled`;
 * a fault carries `cpuSeconds`.
 */
export function trialProcesses() {
  const waiting: Held[] = [];
  const all = new Set<Held>();

  function take(file: TrialFile): Held {
    const key = canonical(file);
    const at = waiting.findIndex((held) => held.key === key);
    if (at >= 0) {
      const [held] = waiting.splice(at, 1);
      if (held!.idle) clearTimeout(held!.idle);
      return held!;
    }
    // One that holds another file only keeps memory from this one.
    const other = waiting.shift();
    if (other) end(other);
    const child = fork(join(import.meta.dirname, "trial-child.ts"), {
      execArgv: confinement(file.file, file.xgboostLibrary),
      env: { OMP_WAIT_POLICY: "passive", TZ: "UTC" },
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const held: Held = { child, key, idle: null, stderr: "", ended: false };
    child.stderr?.on("data", (text: Buffer) => {
      held.stderr = (held.stderr + text.toString()).slice(-4000);
    });
    child.once("close", () => {
      all.delete(held);
      const at = waiting.indexOf(held);
      if (at >= 0) waiting.splice(at, 1);
    });
    all.add(held);
    child.send({ kind: "open", file } satisfies TrialAsk);
    return held;
  }

  function end(held: Held): void {
    if (held.idle) clearTimeout(held.idle);
    held.ended = true;
    held.child.kill("SIGKILL");
  }

  function giveBack(held: Held): void {
    held.idle = setTimeout(() => end(held), idleMs);
    held.idle.unref();
    waiting.push(held);
  }

  async function score(
    file: TrialFile,
    job: TrialJob,
    signal: AbortSignal,
    onFold: (score: number | null, cpuSeconds: number) => void,
  ): Promise<TrialUsage> {
    if (signal.aborted) throw reasonOf(signal);
    const held = take(file);
    const before = (await usageOf(held.child.pid!))?.cpuSeconds ?? 0;
    return new Promise<TrialUsage>((resolve, reject) => {
      const { child } = held;
      let stopped: Fault | null = null;
      let used = 0;
      let peakMemoryMb = 0;
      const stop = (why: Fault) => {
        stopped ??= why;
        child.kill("SIGKILL");
      };
      const onAbort = () => stop(reasonOf(signal));
      const watch = async () => {
        const usage = await usageOf(child.pid!);
        if (!usage) return;
        used = Math.max(used, usage.cpuSeconds - before);
        peakMemoryMb = Math.max(peakMemoryMb, usage.memoryMb);
        if (usage.memoryMb > file.memoryLimitMb) stop(tooLarge(file.memoryLimitMb, usage.memoryMb));
        if (used > job.cpuSecondsLimit + graceCpuSeconds) stop(tooLong(job.cpuSecondsLimit));
      };
      // What can't be watched can't be held to its limits.
      const timer = setInterval(() => void watch().catch((error: unknown) => stop(asFault(error))), pollMs);
      const settle = () => {
        clearInterval(timer);
        signal.removeEventListener("abort", onAbort);
        child.off("message", onMessage);
        child.off("close", onClose);
      };
      const onMessage = (said: TrialSays) => {
        used = Math.max(used, said.cpuSeconds);
        if (said.kind === "fold") return onFold(said.score, said.cpuSeconds);
        settle();
        giveBack(held);
        if (said.kind === "scored") return resolve({ cpuSeconds: said.cpuSeconds, peakMemoryMb });
        reject(new Fault(said.code, said.message, { ...said.data, cpuSeconds: said.cpuSeconds, peakMemoryMb }));
      };
      const onClose = (code: number | null) => {
        settle();
        const why =
          stopped ??
          (!held.ended && outOfMemory(child, held.stderr)
            ? tooLarge(file.memoryLimitMb, peakMemoryMb)
            : fault(
                "internal",
                "a trial process ended without an answer; the log has its last words",
                {},
                new Error(`exit ${code}: ${held.stderr}`),
              ));
        reject(fault(why.code, why.message, { ...why.data, cpuSeconds: used, peakMemoryMb }, why.cause));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      // It may have been given while the process was looked at: nobody is told of that any more.
      if (signal.aborted) onAbort();
      child.on("message", onMessage);
      child.once("close", onClose);
      child.send({ kind: "score", ...job } satisfies TrialAsk);
    });
  }

  return {
    score,
    close: (): void => {
      for (const held of all) end(held);
    },
  };
}

const reasonOf = ({ reason }: AbortSignal): Fault =>
  reason instanceof Fault ? reason : fault("cancelled", "the trial isn't wanted any more");

const tooLarge = (limitMb: number, peakMemoryMb: number) =>
  fault(
    "unfit",
    `the setting needs more than its ${limitMb} MB of memory (${Math.round(peakMemoryMb)} MB were measured)`,
    {
      ...{ limitMb, peakMemoryMb },
    },
  );

const tooLong = (limit: number) =>
  fault("over_budget", `the setting needs more than the ${limit.toFixed(1)} CPU s that were left for it`, { limit });
