import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";

const largestBytes = 20_000_000;

/** The log files of a home, one a process, written line by line. */
export type LogFiles = { write: (process: string, line: string) => void; close: () => void };

/** Opens `<home>/logs`; a file beyond 20 MB is kept once as `.1` and begun anew. */
export function openLogFiles(home: string): LogFiles {
  const folder = join(home, "logs");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const open = new Map<string, number>();
  const fileOf = (process: string): number => {
    const known = open.get(process);
    if (known !== undefined) return known;
    const file = join(folder, `${process}.log`);
    if (existsSync(file) && statSync(file).size > largestBytes) renameSync(file, `${file}.1`);
    const made = openSync(file, "a", 0o600);
    open.set(process, made);
    return made;
  };
  return {
    write: (process, line) => void writeSync(fileOf(process), `${line}\n`),
    close: () => {
      for (const file of open.values()) closeSync(file);
      open.clear();
    },
  };
}

type LogLine = { level?: string; time?: string; msg?: string; process?: string; err?: { message?: string } } & Record<
  string,
  unknown
>;

const hidden = new Set(["level", "time", "msg", "process", "pid", "hostname", "err"]);

/**
 * A log line as one readable line: `12:00:01 ml-worker     run finished request=req_1`. Lines that aren't ours (a server's,
 * a crash's) are kept as they are. Null for what is of no use on a terminal (below info).
 */
export function readable(process: string, line: string, now: Date): string | null {
  const parsed = parse(line);
  const clock = (parsed?.time ?? now.toISOString()).slice(11, 19);
  const head = `${clock} ${process.padEnd(14)}`;
  if (!parsed) return `${head} ${line}`;
  if (parsed.level === "debug" || parsed.level === "trace") return null;
  const mark = parsed.level === "info" || !parsed.level ? "" : `${parsed.level}: `;
  const fields = Object.entries(parsed)
    .filter(([key, value]) => !hidden.has(key) && value !== null && typeof value !== "object")
    .map(([key, value]) => `${key}=${value}`);
  return [`${head} ${mark}${parsed.msg ?? ""}`, parsed.err?.message ? `(${parsed.err.message})` : "", ...fields]
    .filter(Boolean)
    .join(" ");
}

function parse(line: string): LogLine | null {
  if (!line.startsWith("{")) return null;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return null;
  }
}
