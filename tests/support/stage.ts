import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Agent, agent } from "@muster/bus/agent.ts";
import { evidence } from "@muster/bus/evidence.ts";
import { openJobs, work } from "@muster/bus/job.ts";
import type { Host } from "@muster/bus/perform.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { rehearse, type Stage } from "@muster/bus/testing.ts";
import { findProcesses, type ProcessSpec } from "@muster/infra/processes.ts";
import { pinOf } from "@muster/shared/domain/dataset.ts";
import { doors, facts } from "@muster/shared/fact/table.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { type Bench, startBench } from "./process.ts";

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

/** Every agent of the checkout served with its runs played, and processes of all that sign facts. */
export type Company = {
  bench: Bench;
  agents: readonly Agent[];
  processes: ReadonlyMap<string, Process>;
  /** The same processes with a clock a year behind: what they sign has expired where it can. */
  past: ReadonlyMap<string, Process>;
  stages: ReadonlyMap<string, Stage>;
  pin: string;
  stop: () => Promise<void>;
};

/** The agents of the checkout, by their entry files. */
export const findAgents = (): Promise<Agent[]> =>
  Promise.all(
    findProcesses()
      .filter(({ kind }) => kind === "agent")
      .map(agentOf),
  );

/** Starts servers and serves these agents on them, each with its runs played. */
export async function openCompany(agents: readonly Agent[]): Promise<Company> {
  const givers = Object.values(facts)
    .map(({ by }) => by)
    .filter((by) => by !== "door");
  const names = [...new Set([...doors, ...givers, ...agents.map(({ name }) => name)])];
  const bench = await startBench(
    names.map((name): ProcessSpec => ({ name, kind: doors.includes(name) ? "door" : "agent", of: name, file: "" })),
  );
  const processes = new Map<string, Process>();
  const past = new Map<string, Process>();
  for (const name of names) {
    const process = await bench.process(name);
    processes.set(name, process);
    const now = () => new Date(Date.now() - 365 * 24 * 3_600_000);
    const then = evidence({ identity: process.identity, store: process.evidence.store, now });
    past.set(name, { ...process, evidence: then, now });
  }
  const pin = await smallDataset(processes.get("gateway")!);
  const stages = new Map<string, Awaited<ReturnType<typeof stageOf>>>();
  for (const one of agents) stages.set(one.name, await stageOf(bench, one, { processes, pin }));
  return {
    ...{ bench, agents, processes, past, stages, pin },
    stop: async () => {
      for (const stage of stages.values()) await stage.stop();
      await bench.stop();
    },
  };
}
