import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Config, isSet } from "@muster/shared/config.ts";
import { fault } from "@muster/shared/fault.ts";
import { clearScratch } from "@muster/shared/warehouse/lake.ts";
import { type ControlCommand, serveControl } from "./control.ts";
import { startDataServers } from "./data-servers.ts";
import { openPinger, watchHealth } from "./health.ts";
import { joinRunning } from "./join.ts";
import { openKeys } from "./keys.ts";
import { saysReady, spawnProcess } from "./node-process.ts";
import { claimAddresses, releasePorts } from "./ports.ts";
import { identify, signal } from "./process-identity.ts";
import { openLogFiles } from "./process-log.ts";
import { checkout, findProcesses, type ProcessSpec, supervisorName } from "./processes.ts";
import { startReaper } from "./reaper.ts";
import { cleanUpAfterCrash, type ProcessStatus, releaseLock, type SwarmState, takeLock, writeState } from "./state.ts";
import { type ProcessState, type Supervised, supervise } from "./supervise.ts";

/** What happens in a swarm, for whoever shows it: a line that a process wrote, or a change of its state. */
export type SwarmEvent =
  | { kind: "line"; process: string; line: string }
  | { kind: "state"; process: string; state: ProcessState; why?: string };

export type BringUpOptions = {
  home: string;
  config: Config;
  /** Names of the processes to start; all when absent. Keys and database roles are made for all either way. */
  processes?: readonly string[];
  onEvent?: (event: SwarmEvent) => void;
  /** Gives up bringing it up: what was started is stopped again and `cancelled` is thrown. */
  abort?: AbortSignal;
  /** The processes there are; the checkout's by default. */
  found?: readonly ProcessSpec[];
  /** Which of the two addresses a person set; what the environment says by default. */
  addressesSet?: { http: boolean; serving: boolean };
  /** How long a process may take until it answers; 60 s by default. */
  readyWithinMs?: number;
};

/** A swarm that runs. `joined`: it's another supervisor's, and `stop` then leaves it running. */
export type Swarm = {
  joined: boolean;
  home: string;
  urls: { gateway: string; serving: string };
  ports: Record<string, number>;
  processes: () => ProcessStatus[];
  stop: () => Promise<void>;
  stopProcess: (name: string) => Promise<void>;
  startProcess: (name: string) => Promise<void>;
  /** Resolves when it has been stopped, by us or by a command of `muster down`. */
  stopped: Promise<void>;
};

/**
 * Brings a swarm up in this process: servers, database, then every process, each kept running; resolves when all answer.
 * One supervisor a home: when another one holds it, that one's swarm is given once it's up. When something doesn't come
 * up, all of it is stopped and the fault names it (`unavailable`; `conflict` for a port that was set and is taken).
 */
export async function bringUp(options: BringUpOptions): Promise<Swarm> {
  const { home } = options;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  for (;;) {
    if (takeLock(home) === null) return await supervisedSwarm(options);
    const joined = await joinRunning(home);
    if (joined) return joined;
  }
}

/** Undoes what was done, newest first; every step is tried. */
function unwinding() {
  const steps: (() => unknown)[] = [];
  return {
    add: (step: () => unknown) => void steps.push(step),
    run: async () => {
      const failures: unknown[] = [];
      for (let step = steps.pop(); step; step = steps.pop()) {
        try {
          await step();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, "stopping the swarm was not clean");
    },
  };
}

async function supervisedSwarm(options: BringUpOptions): Promise<Swarm> {
  const undo = unwinding();
  undo.add(() => releaseLock(options.home));
  try {
    return await assemble(options, undo);
  } catch (error) {
    await undo.run();
    throw error;
  }
}

async function assemble(options: BringUpOptions, undo: ReturnType<typeof unwinding>): Promise<Swarm> {
  const { home, config, found = findProcesses(), onEvent, readyWithinMs = 60_000 } = options;
  const wanted = found.filter(({ name }) => !options.processes || options.processes.includes(name));
  const unknown = options.processes?.find((name) => !found.some((process) => process.name === name));
  if (unknown) throw fault("not_found", `no process ${unknown}; there are ${found.map(({ name }) => name).join(", ")}`);
  await cleanUpAfterCrash(home);
  await clearScratch(home);

  const set = options.addressesSet ?? { http: isSet("http"), serving: isSet("serving") };
  const addresses = await claimAddresses({ ...config, httpSet: set.http, servingSet: set.serving });
  undo.add(() => releasePorts(addresses.ports));
  const logs = openLogFiles(home);
  undo.add(logs.close);
  const reaper = startReaper();
  undo.add(reaper.stop);

  const urls = { gateway: `http://${addresses.http}`, serving: `http://${addresses.serving}` };
  const version = (JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as { version: string }).version;
  const supervised: Supervised[] = [];
  const state: SwarmState = {
    state: "starting",
    supervisor: identify(process.pid)!,
    home,
    urls,
    ports: { gateway: addresses.ports[0]!, serving: addresses.ports[1]! },
    processes: [],
    children: [],
  };
  let servers: Supervised[] = [];
  const statuses = (): ProcessStatus[] =>
    supervised.map((each) => ({ name: each.name, pid: each.pid(), state: each.state(), version }));
  const record = () => {
    state.processes = statuses();
    const running = [...supervised, ...servers].map((each) => ({ name: each.name, pid: each.pid() }));
    state.children = [...running, { name: "reaper", pid: reaper.pid }].flatMap(({ name, pid }) => {
      const identity = pid === null ? null : identify(pid);
      return identity ? [{ name, ...identity }] : [];
    });
    writeState(state);
  };
  const onLine = (name: string, line: string) => {
    logs.write(name, line);
    onEvent?.({ kind: "line", process: name, line });
  };
  const onState = (name: string, next: ProcessState, why?: string) => {
    record();
    onEvent?.({ kind: "state", process: name, state: next, why });
  };
  record();

  const keys = openKeys(home, [...found.map(({ name }) => name), supervisorName]);
  const data = await startDataServers({ reaper, onLine, onState }, { home, config, processes: found, keys });
  undo.add(() => Promise.all(data.servers.map((server) => server.stop())));
  servers = data.servers.map((server) => server.supervised);
  for (const server of data.servers) state.ports[server.supervised.name] = server.port;

  const handed = (name: string): Partial<Config> => ({
    home,
    http: addresses.http,
    serving: addresses.serving,
    natsUrl: data.natsUrl,
    redisUrl: data.redisUrl,
    databaseUrl: data.databaseUrlFor(name),
    nkeySeedFile: keys.seedFile(name),
    keyRingFile: keys.ringFile,
  });
  for (const spec of found) {
    supervised.push(
      supervise({
        name: spec.name,
        reaper,
        stopSignal: "TERM",
        graceMs: 8_000,
        readyWithinMs,
        spawn: () => spawnProcess(spec, handed(spec.name), (line) => onLine(spec.name, line)),
        ready: saysReady,
        onState: (next, why) => onState(spec.name, next, why),
      }),
    );
  }
  undo.add(() => Promise.all(supervised.map((each) => each.stop())));
  const byName = (name: string): Supervised => {
    const one = supervised.find((each) => each.name === name);
    if (!one)
      throw fault("not_found", `no process ${name}; there are ${supervised.map((each) => each.name).join(", ")}`);
    return one;
  };
  const first = wanted.map(({ name }) => byName(name));
  const cancelled = whenAborted(options.abort);
  await Promise.race([cancelled, Promise.resolve()]);
  for (const each of first) each.start();
  await Promise.race([cancelled, Promise.all(first.map((each) => each.whenRunning(readyWithinMs)))]);

  const agents = new Set(found.filter(({ kind }) => kind === "agent").map(({ name }) => name));
  if (agents.size > 0) {
    const pinger = await openPinger(data.natsUrl, supervisorName, readFileSync(keys.seedFile(supervisorName), "utf8"));
    undo.add(pinger.close);
    undo.add(
      watchHealth({
        ping: pinger.ping,
        expected: () =>
          supervised.filter((each) => agents.has(each.name) && each.state() === "running").map(({ name }) => name),
        onSilent: (name) => {
          onLine(name, "silent on the bus for three pings; it is started anew");
          const pid = byName(name).pid();
          if (pid !== null) signal(pid, "SIGKILL");
        },
      }),
    );
  }

  const ended = Promise.withResolvers<void>();
  let ending: Promise<void> | null = null;
  const swarm: Swarm = {
    joined: false,
    home,
    urls,
    ports: state.ports,
    processes: statuses,
    stopProcess: (name) => byName(name).stop(),
    startProcess: async (name) => {
      byName(name).start();
      await byName(name).whenRunning(readyWithinMs);
    },
    stop: () => {
      ending ??= (async () => {
        state.state = "stopping";
        record();
        await undo.run().finally(() => ended.resolve());
      })();
      return ending;
    },
    stopped: ended.promise,
  };
  undo.add(await serveControl(home, (command) => obey(swarm, command)));
  state.state = "running";
  record();
  return swarm;
}

/** Never resolves; rejects when the signal is given, also when it was before. */
function whenAborted(abort?: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const give = () => reject(fault("cancelled", "stopped while starting"));
  if (abort?.aborted) give();
  abort?.addEventListener("abort", give, { once: true });
  return promise;
}

async function obey(swarm: Swarm, command: ControlCommand): Promise<void> {
  switch (command.do) {
    case "stop_process":
      return await swarm.stopProcess(command.process);
    case "start_process":
      return await swarm.startProcess(command.process);
    case "stop":
      // Answered at once: the answer's own connection is among what stopping ends. The caller waits for the lock.
      void swarm.stop();
  }
}
