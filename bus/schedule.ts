import { fault } from "@muster/shared/fault.ts";
import { Queue, Worker } from "bullmq";
import { CronExpressionParser } from "cron-parser";
import { Redis } from "ioredis";

const queueName = "muster-schedules";
const connect = (url: string): Redis => {
  const connection = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: (n) => Math.min(n * 100, 2000) });
  connection.on("error", () => undefined); // reconnecting is ioredis's own
  return connection;
};

/** A schedule as Redis holds it: only when, and which row of PostgreSQL is meant. Can be rebuilt from there at any time. */
export type Timetable = { id: string; cron: string; timeZone: string };

/**
 * What came due: which schedule, and the moment it was due at (ISO 8601), by which its request is known. `asked`: it was
 * made due by `trigger`, not by its timetable.
 */
export type Due = { schedule: string; at: string; asked: boolean };

/** The newest moment before now at which a cron line was due in its time zone (ISO 8601). `invalid_input` for no cron line or zone. */
export function previousDue(cron: string, timeZone: string, now: Date): string {
  try {
    return CronExpressionParser.parse(cron, { tz: timeZone, currentDate: now }).prev().toDate().toISOString();
  } catch (error) {
    const message = 'the cron line or the time zone can\'t be read; for example "0 2 * * *" in "Europe/Berlin"';
    throw fault("invalid_input", message, {}, error);
  }
}

/** Keeps schedules as BullMQ job schedulers; upserting an equal one changes nothing. */
export function openSchedules(redisUrl: string) {
  const connection = connect(redisUrl);
  const queue = new Queue(queueName, { connection });
  return {
    /** Sets a schedule and gives its next run (ISO 8601). */
    upsert: async ({ id, cron, timeZone }: Timetable): Promise<string> => {
      const job = await queue.upsertJobScheduler(
        id,
        { pattern: cron, tz: timeZone },
        {
          name: "due",
          data: { schedule: id },
          opts: {
            attempts: 5,
            backoff: { type: "exponential", delay: 2000 },
            removeOnComplete: { count: 100 },
            removeOnFail: { count: 100 },
          },
        },
      );
      const next = (await queue.getJobScheduler(id))?.next ?? (job ? job.timestamp + (job.delay ?? 0) : Date.now());
      return new Date(next).toISOString();
    },
    next: async (id: string): Promise<string | null> => {
      const next = (await queue.getJobScheduler(id))?.next;
      return next ? new Date(next).toISOString() : null;
    },
    remove: async (id: string): Promise<void> => {
      await queue.removeJobScheduler(id);
    },
    list: async (): Promise<string[]> => (await queue.getJobSchedulers(0, -1)).map((one) => one.key),
    /** Makes a schedule due at a moment (now where that is over), once; the same `at` again changes nothing. */
    trigger: async (id: string, at: string, now: Date): Promise<void> => {
      await queue.add(
        "due",
        { schedule: id, at },
        {
          jobId: `now-${id}-${Date.parse(at)}`,
          delay: Math.max(0, Date.parse(at) - now.getTime()),
          attempts: 5,
          backoff: { type: "exponential", delay: 2000 },
          removeOnComplete: { count: 100 },
          removeOnFail: { count: 100 },
        },
      );
    },
    close: async (): Promise<void> => {
      await queue.close();
      connection.disconnect();
    },
  };
}

/** Schedules as a process keeps them. */
export type Schedules = ReturnType<typeof openSchedules>;

/** Hears what comes due, each at least once: the handler must know a moment it has seen. Gives a function that stops. */
export async function onDue(
  redisUrl: string,
  handle: (due: Due) => Promise<void>,
  failed: (error: Error) => void,
): Promise<() => Promise<void>> {
  const connection = connect(redisUrl);
  const worker = new Worker<{ schedule: string; at?: string }>(
    queueName,
    async (job) =>
      handle({
        schedule: job.data.schedule,
        at: job.data.at ?? new Date(job.timestamp + (job.opts.delay ?? 0)).toISOString(),
        asked: job.data.at !== undefined,
      }),
    { connection, lockDuration: 10_000, stalledInterval: 5_000 },
  );
  worker.on("failed", (_job, error) => failed(error));
  worker.on("error", failed);
  return async () => {
    await worker.close();
    connection.disconnect();
  };
}
