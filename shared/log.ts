import { type DestinationStream, destination, type Logger, pino } from "pino";
import { readConfig } from "./config.ts";

/** What a log line may be tied to besides its process; ids only, never a value of a row. */
export type LogContext = { request?: string; step?: string; trace?: string };

/** Writes JSON lines; `child({request, step, trace})` ties further lines to what they belong to. */
export type Log = Logger;

/**
 * The log of a process: one JSON object a line on stderr (`level`, `time` as ISO 8601 UTC, `process`, `msg`, then the
 * fields given). Lines carry ids, counts, names of tools and columns; a value of a row never. Written synchronously, so
 * that the line before a crash isn't lost.
 */
export function logger(name: string, to: DestinationStream = destination({ dest: 2, sync: true })): Log {
  return pino(
    {
      level: readConfig().logLevel,
      base: { process: name },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: withoutDetail },
    },
    to,
  );
}

/** A log whose every line names the request, step and trace it belongs to. */
export const logFor = (log: Log, context: LogContext): Log => log.child({ ...context });

/**
 * An error as it may be logged: type, code, message, stack and cause. Drivers hang rows onto their errors (`detail`,
 * `where`, `parameters`, `input`); such fields are left out.
 */
function withoutDetail(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    ...(typeof code === "string" ? { code } : {}),
    message: error.message,
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: withoutDetail(error.cause) }),
  };
}
