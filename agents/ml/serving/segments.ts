import { type FileHandle, mkdir, open, readdir, readFile, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { fault } from "@muster/shared/fault.ts";
import { syncFolder } from "@muster/shared/warehouse/atomic.ts";
import type { PredictionRow } from "./prediction-log.ts";

export type SegmentOptions = {
  folder: string;
  now: () => Date;
  /** A segment ends when it has this many bytes (default 16 MiB). */
  maxBytes?: number;
  /** … or is this old (default 60,000 ms). */
  maxAgeMs?: number;
};

export type SegmentWriter = {
  /** Appends whole lines; on a failure none of them stays. */
  write(lines: string): Promise<void>;
  sweep(): Promise<void>;
  close(): Promise<void>;
};

const openSuffix = ".jsonl.open";
const doneSuffix = ".jsonl";

type Segment = { path: string; handle: FileHandle; bytes: number; since: number };

/**
 * Appends lines to segment files that only ever grow: one with the ending `.open` is being written, a finished one is
 * synced and renamed. What a crash left open is ended first, without its torn last line.
 */
export async function segmentWriter(options: SegmentOptions): Promise<SegmentWriter> {
  const { folder, now, maxBytes = 16 * 1024 * 1024, maxAgeMs = 60_000 } = options;
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) if (name.endsWith(openSuffix)) await endLeftOver(join(folder, name));
  let current: Segment | null = null;
  let count = 0;
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    return mine;
  };

  const begin = async (): Promise<Segment> => {
    const since = now().getTime();
    const stamp = new Date(since).toISOString().replaceAll(/[-:.]/g, "");
    const path = join(folder, `${stamp}-${String(count++).padStart(6, "0")}${openSuffix}`);
    return { path, handle: await open(path, "ax", 0o600), bytes: 0, since };
  };
  const end = async () => {
    if (!current) return;
    const ended = current;
    current = null;
    await ended.handle.sync();
    await ended.handle.close();
    await finish(ended.path);
  };
  const tooOld = (segment: Segment) => now().getTime() - segment.since >= maxAgeMs;

  return {
    write: (lines) =>
      inTurn(async () => {
        if (current && tooOld(current)) await end();
        current ??= await begin();
        const bytes = Buffer.from(lines);
        try {
          await current.handle.appendFile(bytes);
        } catch (error) {
          // A full disk may have taken a part: cut back to whole lines, the next write appends from there.
          await current.handle.truncate(current.bytes);
          throw error;
        }
        current.bytes += bytes.length;
        if (current.bytes >= maxBytes) await end();
      }),
    sweep: () =>
      inTurn(async () => {
        if (current && tooOld(current)) await end();
      }),
    close: () => inTurn(end),
  };
}

async function finish(path: string): Promise<void> {
  await rename(path, path.slice(0, -openSuffix.length) + doneSuffix);
  await syncFolder(join(path, ".."));
}

async function endLeftOver(path: string): Promise<void> {
  const bytes = await readFile(path);
  const handle = await open(path, "r+");
  try {
    await handle.truncate(bytes.lastIndexOf(10) + 1);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await finish(path);
}

/** A finished segment: its path, for whoever lands it and then deletes it, and its predictions. */
export type LoggedSegment = { path: string; rows: PredictionRow[] };

/** Paths of the finished segments of a folder, oldest first; none where there is no folder yet. */
export async function finishedSegments(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  });
  return names
    .filter((name) => name.endsWith(doneSuffix))
    .sort()
    .map((name) => join(folder, name));
}

/** The finished segments of a folder, oldest first; one that is being written isn't among them. `broken_contract` for a line that isn't ours. */
export async function* readSegments(folder: string): AsyncGenerator<LoggedSegment> {
  for (const path of await finishedSegments(folder)) {
    const lines = (await readFile(path, "utf8")).split("\n").slice(0, -1);
    yield { path, rows: lines.map((line) => parseLine(line, basename(path))) };
  }
}

function parseLine(line: string, name: string): PredictionRow {
  try {
    return JSON.parse(line) as PredictionRow;
  } catch (error) {
    throw fault("broken_contract", `the prediction log's segment ${name} has a line that can't be read`, {}, error);
  }
}
