import { readable } from "./process-log.ts";
import type { SwarmEvent } from "./swarm.ts";

/** Writes a line for a person to stderr; stdout is for answers. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** What happens in a swarm as lines for a terminal: what processes log from `info` on, and processes that end by themselves. */
export function showEvent(event: SwarmEvent): void {
  const now = new Date();
  if (event.kind === "line") {
    const line = readable(event.process, event.line, now);
    if (line !== null && !chatty.has(event.process)) say(line);
  } else if (event.state === "failed") {
    say(`${now.toISOString().slice(11, 19)} ${event.process.padEnd(14)} ${event.why ?? "ended"}; starting it again`);
  }
}

/** Servers log for their administrator, about themselves; their lines are in the log files. */
const chatty = new Set(["nats", "redis", "postgres"]);

/**
 * Calls `end` once, on the first thing that asks this program to end: a signal, or the program that started us gone.
 * A terminal's Ctrl-C arrives twice (from it and from whoever started us); a second one in earnest, after 2 s, exits hard.
 */
export function onEndRequested(end: (exitCode: number) => void): void {
  let askedAt: number | null = null;
  const ask = (code: number) => () => {
    if (askedAt === null) {
      askedAt = performance.now();
      end(code);
    } else if (performance.now() - askedAt > 2_000) process.exit(code);
  };
  process.on("SIGINT", ask(130));
  process.on("SIGTERM", ask(143));
  process.on("SIGHUP", ask(129));
  process.on("disconnect", ask(143));
}
