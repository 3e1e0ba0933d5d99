import type { Process } from "@muster/bus/process.ts";
import type { LineageNode } from "@muster/shared/domain/lineage.ts";
import { modelOutput } from "@muster/shared/domain/lineage.ts";
import { asFault, fault } from "@muster/shared/fault.ts";
import { hostsOf, postJson } from "@muster/shared/outbound.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import type { CatalogStore } from "../store.ts";
import { openNames } from "./names.ts";
import { type Projecting, toOpenLineage } from "./to-open-lineage.ts";

/** Where lineage is sent: the settings, and what it is made from. */
export type Sending = Pick<Process, "config" | "log" | "now"> & { store: CatalogStore; lake: Lake };

const batch = 50;
const timeoutMs = 10_000;
/** The receiver says that this very event can't be read: sending it again can't help. */
const unreadable = [400, 413, 422];

/** The address of the receiver: as it is set, or with OpenLineage's own path where only a host is named. */
export function receiverOf(url: string): string {
  const target = new URL(url);
  return target.pathname === "/" ? new URL("/api/v1/lineage", target).href : target.href;
}

/** How runs of ours are told outside, with the columns that manifests name. */
export async function projecting({
  store,
  lake,
  config,
}: Pick<Sending, "store" | "lake" | "config">): Promise<Projecting> {
  const namespace = config.lineageNamespace;
  return {
    namespace,
    names: await openNames(lake, store, namespace),
    columnsOf: async ({ kind, namespace: theirs, name, version }: LineageNode) => {
      if (theirs !== "" || kind === "view") return null;
      if (kind !== "dataset") return [{ name: modelOutput }];
      const manifest = await (version ? lake.manifest(`${name}@${version}`) : lake.newest(name)).catch(() => null);
      return manifest?.columns ?? null;
    },
  };
}

/**
 * Sends runs of ours that were not told yet, in the order in which they ended: START, then the terminal event. At least
 * once: a run is marked when the receiver has taken both. The first that can't be delivered ends the round (`unavailable`)
 * and is tried again; one that the receiver can't read is noted and passed over. Gives how many runs were told.
 */
export async function sendLineage(sending: Sending): Promise<number> {
  const { config, store, log, now } = sending;
  if (!config.lineageUrl) return 0;
  const url = receiverOf(config.lineageUrl);
  const allowed = hostsOf(config.privateHosts);
  const headers = config.lineageKey ? { authorization: `Bearer ${config.lineageKey}` } : undefined;
  const runs = await store.lineage.unsent(batch);
  if (runs.length === 0) return 0;
  const by = await projecting(sending);
  let told = 0;
  for (const { run, record } of runs) {
    let status = 200;
    for (const event of await toOpenLineage(record, by)) {
      status = await postJson(url, { body: JSON.stringify(event), headers, timeoutMs, allowed });
      if (status >= 300) break;
    }
    if (unreadable.includes(status)) {
      log.error({ run, status }, "the receiver of lineage can't read an event; it is left out");
      await store.lineage.refused(run, `status ${status}`);
    } else if (status >= 300) {
      throw fault("unavailable", `the receiver of lineage answered ${status}`, { status });
    } else {
      await store.lineage.sent(run, now().toISOString());
      told++;
    }
  }
  return told;
}

const firstWaitMs = 1000;
const longestWaitMs = 5 * 60_000;

/** Gives a round of sending that waits longer after each failure, up to five minutes, and never throws. */
export function patientSending(sending: Sending): () => Promise<void> {
  let failures = 0;
  let notBefore = 0;
  return async () => {
    const at = sending.now().getTime();
    if (at < notBefore) return;
    try {
      while ((await sendLineage(sending)) === batch);
      failures = 0;
    } catch (error) {
      const wait = Math.min(firstWaitMs * 2 ** failures++, longestWaitMs);
      notBefore = sending.now().getTime() + wait;
      const { code, message } = asFault(error);
      sending.log.warn({ code, waitMs: wait }, `lineage could not be sent: ${message}`);
    }
  };
}
