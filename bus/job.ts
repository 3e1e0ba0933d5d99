import { asFault, fault } from "@muster/shared/fault.ts";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import type { Agent } from "./agent.ts";
import { emitEvent } from "./event.ts";
import type { Message } from "./message.ts";
import { takeParts } from "./part.ts";
import { type Host, perform } from "./perform.ts";
import { subject } from "./subject.ts";

/** Which process does an agent's long work, and the queue it takes it from. */
export const announce = {
  processOf: (agent: Agent): string => (agent.worker ? `${agent.name}-worker` : agent.name),
  queueOf: (process: string): string => `muster-${process}`,
};

/** A job id that Redis keys allow: `:` would throw. */
const jobId = (key: string): string => key.replaceAll(":", "/");

const redis = (url: string) =>
  new Redis(url, { maxRetriesPerRequest: null, lazyConnect: false, retryStrategy: (n) => Math.min(n * 100, 2000) });

/** Opens the queue of an agent's long work. The job carries only the key; the call itself stands in PostgreSQL. */
export function openJobs(redisUrl: string, agent: Agent) {
  const connection = redis(redisUrl);
  connection.on("error", () => undefined); // reconnecting is ioredis's; what waits is told by the deadline
  const queue = new Queue(announce.queueOf(announce.processOf(agent)), { connection });
  return {
    enqueue: async (message: Message): Promise<void> => {
      await queue.add(
        message.tool,
        { key: message.key },
        {
          jobId: jobId(message.key),
          attempts: 3,
          backoff: { type: "exponential", delay: 500 },
          removeOnComplete: { age: 3600, count: 1000 },
          removeOnFail: { age: 3600 },
        },
      );
    },
    close: async () => {
      await queue.close();
      connection.disconnect();
    },
  };
}

/**
 * Does an agent's long work, one job at a time: takes the key, reads the call from PostgreSQL, performs it, and tells
 * those who wait. What PostgreSQL holds and Redis lost is put back in every few seconds. Gives a function that stops.
 */
export async function work(host: Host, redisUrl: string): Promise<() => Promise<void>> {
  const { process, agent } = host;
  const { store } = process.evidence;
  const name = announce.processOf(agent);
  const connection = redis(redisUrl);
  connection.on("error", (error) =>
    process.log.warn({ code: (error as { code?: string }).code }, "Redis doesn't answer"),
  );
  const running = new Map<string, { request: string | null; stop: AbortController }>();
  const worker = new Worker<{ key: string }>(
    announce.queueOf(name),
    async (job) => {
      const held = await store.job(job.data.key);
      if (!held) return;
      await doJob(host, held, running);
    },
    { connection, lockDuration: 10_000, stalledInterval: 5_000, maxStalledCount: 3, concurrency: 1 },
  );
  worker.on("error", (error) => process.log.warn({ err: error }, "the queue had an error"));
  const cancel = process.nats.subscribe(subject.cancel, {
    callback: (error, message) => {
      if (error) return;
      const { request } = message.json<{ request: string }>();
      for (const one of running.values())
        if (one.request === request) one.stop.abort(fault("cancelled", "the request was cancelled"));
    },
  });
  const stopParts = host.opened.parts && takeParts(process, host.opened.parts, redisUrl);
  const jobs = openJobs(redisUrl, agent);
  const rebuild = async () => {
    for (const key of await store.openJobs(name)) {
      if (running.has(key)) continue;
      const held = await store.job(key);
      if (held) await jobs.enqueue(held.message);
    }
  };
  await rebuild();
  const timer = setInterval(
    () =>
      void rebuild().catch((error) => process.log.warn({ err: asFault(error).message }, "jobs could not be put back")),
    5_000,
  );
  return async () => {
    clearInterval(timer);
    cancel.unsubscribe();
    for (const one of running.values()) one.stop.abort(fault("unavailable", "the process is stopping"));
    await worker.close();
    await stopParts?.();
    await jobs.close();
    connection.disconnect();
  };
}

async function doJob(
  host: Host,
  { message, cancelled }: { message: Message; cancelled: boolean },
  running: Map<string, { request: string | null; stop: AbortController }>,
): Promise<void> {
  const { process, agent } = host;
  const tool = agent.tools.find((t) => `${agent.name}.${t.name}` === message.tool);
  if (!tool) return;
  const stop = new AbortController();
  if (cancelled) stop.abort(fault("cancelled", "the request was cancelled"));
  running.set(message.key, { request: message.request, stop });
  try {
    await perform(host, tool, message, stop.signal);
  } catch (error) {
    const known = asFault(error);
    process.log.warn({ key: message.key, tool: message.tool, code: known.code }, "long work ended with a fault");
    // What was refused before its lease is stored here, so that those who wait hear it.
    if (!(await process.evidence.store.result(message.key)))
      await process.evidence.store.storeResult(process.evidence.store.db, message.key, message.tool, "refused", {
        ok: false,
        fault: { code: known.code, message: known.message, data: known.data },
      });
  } finally {
    running.delete(message.key);
    emitEvent(process.nats, agent.name, "concluded", { key: message.key, request: message.request });
  }
}
