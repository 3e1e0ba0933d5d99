import type { Process } from "@muster/bus/process.ts";
import { asFault } from "@muster/shared/fault.ts";
import { MlflowRefusal } from "./client.ts";
import { type Mirroring, mirrorAlias, mirrorRun, mirrorVersion } from "./mirror.ts";

const batch = 20;
const events = [
  ...["ml.run_finished", "ml.run_logged", "ml.train_model_failed", "ml.model_registered", "ml.alias_moved"],
  "ml.deployment_changed",
];
/** The only processes whose events are believed. */
const tellers = ["ml", "ml-worker"];

type Following = Mirroring & Pick<Process, "log" | "now">;
type Told = { run?: string; name?: string; version?: number; alias?: string };

/** What an event asks of the mirror. Events say what changed; how it stands is read when it is mirrored. */
async function follow(event: string, told: Told, on: Mirroring): Promise<void> {
  const { run, name, version, alias } = told;
  if (event === "ml.model_registered" && name && version) await mirrorVersion(name, version, on);
  else if (event === "ml.alias_moved" && name && alias) await mirrorAlias(name, alias, on);
  else if (event === "ml.deployment_changed" && name) {
    await mirrorAlias(name, "champion", on);
    // A challenger that went live is one no longer.
    await mirrorAlias(name, "challenger", on);
  } else if (run) await mirrorRun(run, on);
}

/**
 * Reads on in the outbox and mirrors what it tells, in order. An event that the server refuses is noted and passed over; where
 * the server can't be reached the round ends (`unavailable`) and that event is tried again. Gives how many were read.
 */
export async function mirrorOutbox(on: Following): Promise<number> {
  const { mirror, evidence, log, now } = on;
  let read = 0;
  let failed: unknown = null;
  await mirror.reading(async (trx, from) => {
    let at = from;
    for (const { seq, xid, event, payload, by } of await evidence.store.outbox(from, events, batch)) {
      try {
        if (tellers.includes(by)) await follow(event, payload as Told, on);
      } catch (error) {
        if (!(error instanceof MlflowRefusal)) {
          failed = error;
          break;
        }
        const { status, code } = error;
        log.error({ seq, event, status, code }, "MLflow refuses an event; it is left out");
        await mirror.refuse(trx, { seq, event, status, code, at: now().toISOString() });
      }
      at = { xid, seq };
      read++;
    }
    return at;
  });
  if (failed) throw failed;
  return read;
}

const firstWaitMs = 1000;
const longestWaitMs = 5 * 60_000;

/** Gives a round of mirroring that waits longer after each failure, up to five minutes, and never throws. */
export function patientMirroring(on: Following): () => Promise<void> {
  let failures = 0;
  let notBefore = 0;
  return async () => {
    if (on.now().getTime() < notBefore) return;
    try {
      while ((await mirrorOutbox(on)) === batch);
      failures = 0;
    } catch (error) {
      const wait = Math.min(firstWaitMs * 2 ** failures++, longestWaitMs);
      notBefore = on.now().getTime() + wait;
      const { code, message } = asFault(error);
      on.log.warn({ code, waitMs: wait }, `runs could not be mirrored to MLflow: ${message}`);
    }
  };
}
