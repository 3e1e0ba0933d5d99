import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Agent, agent } from "@muster/bus/agent.ts";
import { openJobs, work } from "@muster/bus/job.ts";
import type { Host } from "@muster/bus/perform.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { rehearse, type Stage } from "@muster/bus/testing.ts";
import type { ProcessSpec } from "@muster/infra/processes.ts";
import { pinOf } from "@muster/shared/domain/dataset.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import type { Bench } from "../support/process.ts";

/** The agent that an entry file exports; its name is the folder's. */
export async function agentOf(spec: Pick<ProcessSpec, "name" | "file">): Promise<Agent> {
  const exported = ((await import(spec.file)) as Record<string, unknown>)[spec.name] as Agent | undefined;
  if (exported?.name !== spec.name) throw new Error(`${spec.file} exports no agent ${spec.name}`);
  return exported;
}

/** Loads a small table into the lake of a test; gives its pin. */
export async function smallDataset({ lake, config, now }: Process): Promise<string> {
  const inbox = inboxFolder(config.home);
  mkdirSync(inbox, { recursive: true });
  writeFileSync(join(inbox, "small.csv"), "id,amount\n1,2.5\n2,3.5\n3,4.5\n");
  const { name, version } = await ingest({ lake, inbox, file: "small.csv", now: now() });
  return pinOf(name, version);
}

/** Serves an agent's tools with their runs played; `stop` takes them off the bus. */
export async function stageOf(
  bench: Bench,
  played: Agent,
  { processes, pin }: { processes: ReadonlyMap<string, Process>; pin: string },
): Promise<Stage & { stop: () => Promise<void> }> {
  const { tools, play } = rehearse(played.tools);
  const process = processes.get(played.name)!;
  const host: Host = {
    process,
    agent: agent({ name: played.name, does: played.does, tools, open: async () => ({ deps: {} }) }),
    opened: { deps: {} },
  };
  const jobs = openJobs(bench.redisUrl, host.agent);
  const stops = [await serve(host, jobs), await work(host, bench.redisUrl), jobs.close];
  return {
    ...{ agent: played.name, play, door: processes.get("gateway")!, pin },
    evidenceOf: (giver) => processes.get(giver === "door" ? "gateway" : giver)!.evidence,
    stop: async () => {
      for (const stop of stops) await stop();
    },
  };
}
