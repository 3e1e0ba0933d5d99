import { asFault } from "@muster/shared/fault.ts";
import type { Agent } from "./agent.ts";
import { openJobs, work } from "./job.ts";
import type { Host } from "./perform.ts";
import { openProcess, type Process } from "./process.ts";
import { serve } from "./serve.ts";

/** Opens the process, does what is given with it, says it is ready, and stops it in order on SIGTERM or SIGINT. */
export async function main(start: (process: Process) => Promise<() => Promise<void>>): Promise<void> {
  const opened = await openProcess();
  const stop = await start(opened);
  const end = once(async (code: number) => {
    setTimeout(() => globalThis.process.exit(code || 1), 8000).unref();
    await stop();
    await opened.close();
    globalThis.process.exit(code);
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) globalThis.process.on(signal, () => void end(0));
  globalThis.process.on("disconnect", () => void end(0));
  globalThis.process.on("unhandledRejection", (error) => {
    opened.log.error({ err: error }, "an unhandled rejection ends the process");
    void end(1);
  });
  void opened.nats.closed().then((error) => error && void end(1));
  globalThis.process.send?.({ ready: true });
  opened.log.info({}, "ready");
}

function once(end: (code: number) => Promise<void>): (code: number) => Promise<void> {
  let ending: Promise<void> | null = null;
  return (code) => {
    ending ??= end(code);
    return ending;
  };
}

/** Runs an agent as this process: serves its tools and, where it has no worker of its own, does its long work. */
export const run = (agent: Agent): Promise<void> =>
  main(async (process) => {
    const host: Host = { process, agent, opened: await agent.open(process) };
    const long = agent.tools.some((tool) => tool.long);
    const jobs = long && process.config.redisUrl ? openJobs(process.config.redisUrl, agent) : null;
    const stopWork =
      long && !agent.worker && process.config.redisUrl ? await work(host, process.config.redisUrl) : null;
    const stopServe = await serve(host, jobs);
    await host.opened.started?.();
    return async () => {
      await stopServe();
      await stopWork?.();
      await jobs?.close();
      await host.opened.close?.();
    };
  });

/** Runs an agent's long work as this process. */
export const runWorker = (agent: Agent): Promise<void> =>
  main(async (process) => {
    const host: Host = { process, agent, opened: await agent.open(process) };
    if (!process.config.redisUrl) throw asFault(new Error("REDIS_URL is not set"));
    const stop = await work(host, process.config.redisUrl);
    return async () => {
      await stop();
      await host.opened.close?.();
    };
  });
