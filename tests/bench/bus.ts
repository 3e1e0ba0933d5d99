import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { call } from "@muster/bus/call.ts";
import { newId } from "@muster/bus/evidence.ts";
import type { Process } from "@muster/bus/process.ts";
import { asRole } from "@muster/infra/data-servers.ts";
import { saysReady, spawnProcess } from "@muster/infra/node-process.ts";
import { signal } from "@muster/infra/process-identity.ts";
import { type FactName, factType } from "@muster/shared/fact/table.ts";
import { smallestValue } from "@muster/shared/smallest-value.ts";
import { at, type Bench, median, round, throughput, timings } from "../support/measure.ts";
import { startBench } from "../support/process.ts";

const rounds = 9;
const request = "req_bench";
const names = { gateway: "door", ml: "agent", catalog: "agent" } as const;

/**
 * A gated read call through our bus against bare NATS request–reply between the same two processes, alternating.
 * nats-server 2.9 keeps for 60 s what a responder may answer and, above 4,096 of them, goes through all at every request:
 * each round has a connection of its own, and `sustained` shows what one connection comes to.
 */
export const bench: Bench = {
  name: "bus",
  does: "a gated read call with three held receipts against bare request-reply between the same two processes",
  async run() {
    const file = fileURLToPath(new URL("../support/bus-server.ts", import.meta.url));
    const specs = Object.entries(names).map(([name, kind]) => ({ name, kind, of: name, file }));
    const servers = await startBench(specs, { durable: true });
    const handed = {
      ...{ home: servers.home, natsUrl: servers.natsUrl, redisUrl: servers.redisUrl },
      ...{ nkeySeedFile: servers.keys.seedFile("ml"), keyRingFile: servers.keys.ringFile },
      databaseUrl: asRole(servers.databaseUrl, "ml", servers.keys),
    };
    const child = spawnProcess(specs[1]!, handed, () => undefined);
    try {
      const ended = new AbortController();
      child.once("exit", () => ended.abort());
      await saysReady(child, ended.signal);
      const by = {
        door: await servers.process("gateway"),
        ml: await servers.process("ml"),
        catalog: await servers.process("catalog"),
      };
      const reconnect = async () => {
        child.send("again");
        await once(child, "message");
      };
      return await measure(by.door, reconnect, () => threeReceipts(by));
    } finally {
      if (child.pid) signal(-child.pid, "SIGTERM");
      await servers.stop();
    }
  },
};

type Round = Record<"bareP50Ms" | "openP50Ms" | "gatedP50Ms" | "overheadP50Ms" | "bareP99Ms" | "gatedP99Ms", number>;

async function measure(door: Process, reconnect: () => Promise<void>, receipts: () => Promise<string[]>) {
  const held = await receipts();
  const body = JSON.stringify({ n: 1 });
  const bare = () => door.nats.request("muster.ml.bare", body, { timeout: 5000 });
  const ask = (tool: string, shown: readonly string[]) =>
    call(door, { tool, input: { n: 1 }, receipts: shown, key: newId("k"), request, deadline: Date.now() + 30_000 });
  const open = () => ask("ml.open_read", held);
  const gated = () => ask("ml.gated_read", held);

  for (const warm of [bare, open, gated]) await timings(1200, warm);
  const cases: Round[] = [];
  for (let i = 0; i < rounds; i++) {
    await reconnect();
    await timings(50, gated);
    const [plain, ungated, through] = await alternating(10, 50, [bare, open, gated]);
    cases.push({
      bareP50Ms: at(plain!, 0.5),
      openP50Ms: at(ungated!, 0.5),
      gatedP50Ms: at(through!, 0.5),
      overheadP50Ms: at(through!, 0.5) - at(plain!, 0.5),
      bareP99Ms: at(plain!, 0.99),
      gatedP99Ms: at(through!, 0.99),
    });
  }
  await reconnect();
  const cold = [];
  for (let i = 0; i < 200; i++) {
    const fresh = await receipts();
    cold.push(...(await timings(1, () => ask("ml.gated_read", fresh))));
  }
  const written = await timings(300, () => ask("ml.gated_write", held));
  const crowds = [];
  for (let i = 0; i < 5; i++) {
    await reconnect();
    await throughput(300, 64, gated);
    crowds.push({ gated: await throughput(2000, 64, gated), bare: await throughput(1500, 64, bare) });
  }
  await reconnect();
  const sustained = await throughput(20_000, 64, gated);

  const mid = (key: keyof Round) => round(median(cases.map((one) => one[key])));
  return {
    figures: {
      overheadP50Ms: mid("overheadP50Ms"),
      bareP50Ms: mid("bareP50Ms"),
      openP50Ms: mid("openP50Ms"),
      gatedP50Ms: mid("gatedP50Ms"),
      bareP99Ms: mid("bareP99Ms"),
      gatedP99Ms: mid("gatedP99Ms"),
      ratioP50: round(mid("gatedP50Ms") / mid("bareP50Ms")),
      coldP50Ms: round(median(cold)),
      writeP50Ms: round(at(written, 0.5)),
      gatedCallsPerSecondAt64: Math.round(median(crowds.map((one) => one.gated))),
      bareCallsPerSecondAt64: Math.round(median(crowds.map((one) => one.bare))),
      sustainedCallsPerSecondAt64: Math.round(sustained),
    },
    cases: cases.map((one) => Object.fromEntries(Object.entries(one).map(([key, value]) => [key, round(value)]))),
  };
}

/** The times of each call over `blocks` blocks of `calls`, one kind after the other, so that all meet the same weather. */
async function alternating(blocks: number, calls: number, kinds: readonly (() => Promise<unknown>)[]) {
  const times: number[][] = kinds.map(() => []);
  for (let block = 0; block < blocks; block++)
    for (const [i, kind] of kinds.entries()) times[i]!.push(...(await timings(calls, kind)));
  return times.map((one) => Float64Array.from(one));
}

/** Fresh receipts of an acceptance, a problem and a scope that agree, by those who may give them. */
async function threeReceipts(by: { door: Process; ml: Process; catalog: Process }): Promise<string[]> {
  const pin = `bench@${"0".repeat(64)}`;
  const known: Record<string, unknown> = { request, person: "ada", purpose: "analytics", problem: "p1", scope: [pin] };
  const give = async (process: Process, fact: FactName) => {
    const { about, value } = factType(fact)!;
    const given = await process.evidence.give({
      ...{ fact, verdict: "passed", request, person: "ada", uses: [], value: smallestValue(value) },
      about: Object.fromEntries(about.map((key) => [key, known[key]])),
    });
    return given.id;
  };
  return [
    await give(by.door, "request.accepted"),
    await give(by.ml, "problem.defined"),
    await give(by.catalog, "scope.pinned"),
  ];
}
