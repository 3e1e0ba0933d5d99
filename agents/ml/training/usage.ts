import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** What a running process has used so far; null once it has gone. Linux counts the peak, elsewhere the present size is taken. */
export type Usage = { memoryMb: number; cpuSeconds: number };

/** The kernel counts CPU time of /proc in hundredths of a second on every architecture. */
const ticksPerSecond = 100;

/** Memory and CPU seconds of a process by id. */
export async function usageOf(pid: number): Promise<Usage | null> {
  try {
    return process.platform === "linux" ? await fromProc(pid) : await fromPs(pid);
  } catch (error) {
    // The process ended between two looks: nothing is left to be read.
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || (error as NodeJS.ErrnoException).code === "ESRCH")
      return null;
    if (typeof (error as { code?: unknown }).code === "number") return null;
    throw error;
  }
}

async function fromProc(pid: number): Promise<Usage | null> {
  const [status, stat] = await Promise.all([
    readFile(`/proc/${pid}/status`, "utf8"),
    readFile(`/proc/${pid}/stat`, "utf8"),
  ]);
  const peak = /VmHWM:\s+(\d+)/.exec(status)?.[1];
  if (peak === undefined) return null;
  // The second field is the command in brackets and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { memoryMb: Number(peak) / 1024, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond };
}

async function fromPs(pid: number): Promise<Usage> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "rss=,time=", "-p", String(pid)]);
  const [rss, time] = stdout.trim().split(/\s+/);
  const cpuSeconds = (time ?? "0").split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return { memoryMb: Number(rss) / 1024, cpuSeconds };
}
