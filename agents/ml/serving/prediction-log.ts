import type { Log } from "@muster/bus/context.ts";
import type { FeatureColumn } from "../matrix.ts";
import { type SegmentOptions, segmentWriter } from "./segments.ts";
import type { FeatureValue, Prediction } from "./served-model.ts";

/**
 * How a prediction was used: `answer` (given to the caller to act on), `control` (given, and said never to be acted on),
 * `shadow` (never given), `asked` (given by a version that the caller named: no part of any split).
 */
export type PredictionRole = "answer" | "control" | "shadow" | "asked";

/**
 * What one answered request leaves behind, or the part of it that one version answered. `probabilities` is row-major in the
 * order of `classes`; `places`: each row's place in the request, where it isn't its own; `roles`: one a row, or one for all.
 */
export type PredictionBatch = {
  request: string;
  places?: Int32Array;
  roles?: readonly PredictionRole[] | PredictionRole;
  /** The salt of the split under which it was answered; absent: none was in force, or the version was asked for by name. */
  split?: string;
  /** ISO 8601. */
  at: string;
  model: string;
  version: number;
  rows: number;
  keys: readonly (string | null)[] | null;
  features: readonly FeatureColumn[];
  predictions: readonly Prediction[];
  probabilities: Float32Array | null;
  classes: readonly string[];
};

/** One line of a segment: one prediction. `features` are the values that the graph read, before encoding. */
export type PredictionRow = {
  request: string;
  row: number;
  at: string;
  model: string;
  version: number;
  key: string | null;
  /** Absent in lines of before there were roles: an answer. */
  role?: PredictionRole;
  split?: string;
  features: Record<string, FeatureValue>;
  prediction: Prediction;
  probabilities: Record<string, number> | null;
};

export type PredictionLog = {
  /** Takes a batch without waiting. What doesn't fit into the queue any more is dropped and counted. */
  append(batch: PredictionBatch): void;
  /** Rows since the start: written, dropped, and waiting in the queue. Their sum is what was appended. */
  counts(): { logged: number; dropped: number; waiting: number };
  /** Waits until everything appended so far is written or dropped. */
  flush(): Promise<void>;
  /** Ends the segment when it is older than its age limit, so that quiet hours land too; call it now and then. */
  sweep(): Promise<void>;
  /** Writes what waits and ends the segment. */
  close(): Promise<void>;
};

type Waiting = { batch: PredictionBatch; next: number; end: number };

/** Rows turned into text at once: other work gets its turn in between. */
const sliceRows = 500;

/**
 * A prediction log over segment files of a folder (one writer a folder). Appending costs the request nothing but a
 * place in the queue, which holds `maxWaitingRows` rows (default 200,000).
 */
export async function predictionLog(
  options: SegmentOptions & { log: Log; maxWaitingRows?: number },
): Promise<PredictionLog> {
  const { log, maxWaitingRows = 200_000 } = options;
  const segments = await segmentWriter(options);
  const queue: Waiting[] = [];
  const counts = { logged: 0, dropped: 0, waiting: 0 };
  let writing: Promise<void> | null = null;

  const write = async (part: Waiting) => {
    const end = Math.min(part.next + sliceRows, part.end);
    const rows = end - part.next;
    try {
      await segments.write(linesOf(part.batch, part.next, end));
      counts.logged += rows;
    } catch (error) {
      counts.dropped += rows;
      log.error({ err: error, rows }, "predictions could not be logged and are counted as dropped");
    }
    counts.waiting -= rows;
    part.next = end;
  };
  const drain = async () => {
    for (let part = queue[0]; part; part = queue[0]) {
      await write(part);
      if (part.next === part.end) queue.shift();
    }
  };
  const start = () => {
    writing ??= drain().finally(() => {
      writing = null;
    });
    return writing;
  };
  const flush = async () => {
    while (queue.length > 0 || writing) await start();
  };
  return {
    append(batch) {
      const end = Math.min(batch.rows, Math.max(0, maxWaitingRows - counts.waiting));
      counts.dropped += batch.rows - end;
      if (end === 0) return;
      counts.waiting += end;
      queue.push({ batch, next: 0, end });
      void start();
    },
    counts: () => ({ ...counts }),
    flush,
    sweep: () => segments.sweep(),
    async close() {
      await flush();
      await segments.close();
    },
  };
}

function linesOf(batch: PredictionBatch, start: number, end: number): string {
  const { request, at, model, version, classes, probabilities, places, roles = "answer" } = batch;
  let lines = "";
  for (let row = start; row < end; row++) {
    const line: PredictionRow = {
      request,
      row: places ? places[row]! : row,
      at,
      model,
      version,
      key: batch.keys?.[row] ?? null,
      role: typeof roles === "string" ? roles : roles[row]!,
      ...(batch.split !== undefined && { split: batch.split }),
      features: Object.fromEntries(batch.features.map((column) => [column.name, cell(column, row)])),
      prediction: batch.predictions[row]!,
      probabilities:
        probabilities && Object.fromEntries(classes.map((name, k) => [name, probabilities[row * classes.length + k]!])),
    };
    lines += `${JSON.stringify(line)}\n`;
  }
  return lines;
}

function cell(column: FeatureColumn, row: number): FeatureValue {
  if (column.type === "number") return Number.isNaN(column.values[row]!) ? null : column.values[row]!;
  return column.values[row] === "" ? null : column.values[row]!;
}
