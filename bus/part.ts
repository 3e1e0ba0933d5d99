import { asFault } from "@muster/shared/fault.ts";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import type { Process } from "./process.ts";

/**
 * The parts of long work: jobs of their own beside it, over all workers of an agent on all machines. A part's id says it all;
 * what it is and what came of it stand in the agent's own tables, so that Redis may lose it. `does` must bear being called
 * twice for one id: a worker that was thought dead may come back.
 */
export type Parts = {
  /** Parts that one worker does at once. */
  concurrency: number;
  does: (id: string, signal: AbortSignal) => Promise<void>;
};

/** `process`: the kind of process that does them, as `ml-worker`. */
const queueOf = (process: string): string => `muster-${process}-parts`;

/** A job id that Redis keys allow: `:` would throw. */
const jobId = (id: string): string => id.replaceAll(":", "/");

const redis = (url: string) =>
  new Redis(url, { maxRetriesPerRequest: null, retryStrategy: (n) => Math.min(n * 100, 2000) });

/** Where the parts of an agent's long work are put: `enqueue` of an id that waits or is at work already changes nothing. */
export type PartQueue = { enqueue: (ids: readonly string[]) => Promise<void>; close: () => Promise<void> };

/** Opens the queue of the parts that processes of a kind do (`ml-worker`). */
export function openParts(redisUrl: string, process: string): PartQueue {
  const connection = redis(redisUrl);
  connection.on("error", () => undefined); // reconnecting is ioredis's; what waits is told by the deadline
  const queue = new Queue<{ id: string }>(queueOf(process), { connection });
  queue.on("error", () => undefined);
  return {
    enqueue: async (ids) => {
      // A part that ended leaves no trace: one that must be done again can be put in again under its id.
      await queue.addBulk(
        ids.map((id) => ({
          name: "part",
          data: { id },
          opts: { jobId: jobId(id), removeOnComplete: true, removeOnFail: true },
        })),
      );
    },
    close: async () => {
      await queue.close();
      connection.disconnect();
    },
  };
}

/** Does parts in this process as they come; what a killed one had is taken again within seconds. Gives a function that stops. */
export function takeParts(
  { name, log }: Pick<Process, "name" | "log">,
  parts: Parts,
  redisUrl: string,
): () => Promise<void> {
  const connection = redis(redisUrl);
  connection.on("error", () => undefined);
  const stop = new AbortController();
  const worker = new Worker<{ id: string }>(
    queueOf(name),
    async (job) => {
      try {
        await parts.does(job.data.id, stop.signal);
      } catch (error) {
        if (!stop.signal.aborted)
          log.warn({ part: job.data.id, code: asFault(error).code }, "a part of long work failed");
        throw error;
      }
    },
    { connection, lockDuration: 10_000, stalledInterval: 5_000, maxStalledCount: 5, concurrency: parts.concurrency },
  );
  worker.on("error", (error) => log.warn({ err: error }, "the queue of parts had an error"));
  return async () => {
    stop.abort();
    await worker.close();
    connection.disconnect();
  };
}
