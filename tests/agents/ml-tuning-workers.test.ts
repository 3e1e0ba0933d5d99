import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { openTuningStore, type TuningStore } from "@muster/ml/tuning/store.ts";
import { roleOf } from "@muster/shared/database/migrate.ts";
import type { Search } from "@muster/shared/domain/search.ts";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type MlBench, output, startMl, visitors } from "./trainable.ts";
import { reserveSearch } from "./tunable.ts";

const root = join(import.meta.dirname, "../..");
let at: MlBench;
let tuning: TuningStore;
let pin: string;
const workers: ChildProcess[] = [];

/** A worker of ml as a process of its own, as it might stand on another machine: one trial at a time. */
async function startWorker(): Promise<ChildProcess> {
  const { home, keys, natsUrl, redisUrl, databaseUrlFor } = at.bench;
  const name = "ml-worker";
  const worker = fork(join(root, "agents/ml/worker/index.ts"), {
    env: {
      ...{ MUSTER_HOME: home, MUSTER_PROCESS: name, MUSTER_THREADS: "1", LOG_LEVEL: "silent" },
      ...{ MUSTER_NKEY_SEED: keys.seedFile(name), MUSTER_KEYS: keys.ringFile, NATS_URL: natsUrl, REDIS_URL: redisUrl },
      MUSTER_DATABASE_URL: databaseUrlFor(roleOf(name), keys.databasePassword(name)),
    },
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  workers.push(worker);
  await once(worker, "message");
  return worker;
}

beforeAll(async () => {
  at = await startMl({ worker: false });
  tuning = await openTuningStore(at.by.ml!.pool);
  pin = await at.load("callers", visitors(8));
}, 60_000);
afterAll(async () => {
  for (const worker of workers) worker.kill("SIGKILL");
  await at?.stop();
});

type Row = { id: string; done: boolean; worker: string | null; attempts: number };
const rowsOf = async (request: string): Promise<Row[]> =>
  (
    await at.by.ml!.pool.query<Row>(
      `select t.id, t.done, t.worker, t.attempts from ml.trial t join ml.search s on s.id = t.search where s.request = $1`,
      [request],
    )
  ).rows;

async function search(trials: number) {
  const shown = await at.prepared(pin, { target: "gone" });
  await reserveSearch(at, shown);
  return { request: shown.$request!, found: at.step("tune_model", shown, { trials }) };
}

/** What was done isn't done again, and of what was under way no more than the killed worker's one trial. */
async function onlyOneAgain(request: string, stood: readonly Row[], search: string): Promise<void> {
  const rows = new Map((await rowsOf(request)).map((row) => [row.id, row]));
  expect([...rows.values()].every(({ done }) => done)).toBe(true);
  for (const { id, attempts } of stood) expect(rows.get(id)!.attempts).toBe(attempts);
  expect([...rows.values()].filter(({ attempts }) => attempts > 1).length).toBeLessThanOrEqual(1);
  expect((await tuning.lost(search)).again).toBeLessThanOrEqual(1);
}

/** What a search found, whoever did it and however long it took. */
const told = ({ candidates, board }: Search) => ({
  candidates,
  board: board.map(({ trial, algorithm, mean, se }) => ({ trial, algorithm, mean, se })),
});

test("several workers take trials, one is killed in the middle of one: no more than that trial is done again, and the outcome is the same", async () => {
  await startWorker();
  const alone = output<Search>(await (await search(16)).found);

  await startWorker();
  const { request, found } = await search(16);
  const pidOf = (worker: string | null) => Number(worker?.split("/")[1]);
  let killed = 0;
  await vi.waitFor(
    async () => {
      const rows = await rowsOf(request);
      const used = new Set(rows.map(({ worker }) => worker).filter(Boolean));
      expect(used.size).toBe(2);
      const busy = rows.find(({ done, worker }) => !done && worker !== null);
      expect(busy && rows.filter(({ done }) => done).length > 3).toBe(true);
      killed = pidOf(busy!.worker);
      process.kill(killed, "SIGKILL");
    },
    { timeout: 60_000, interval: 20 },
  );
  const stood = (await rowsOf(request)).filter(({ done }) => done);

  const together = output<Search>(await found);
  expect(told(together)).toEqual(told(alone));
  await onlyOneAgain(request, stood, together.search);
  expect(workers.filter(({ pid }) => pid === killed).length).toBe(1);
}, 240_000);

test("the worker that leads a search is killed with all others: another takes it up where it stood", async () => {
  for (const worker of workers) worker.kill("SIGKILL");
  await startWorker();
  const { request, found } = await search(16);
  await vi.waitFor(
    async () => {
      const rows = await rowsOf(request);
      expect(rows.filter(({ done }) => done).length).toBeGreaterThan(5);
    },
    { timeout: 60_000, interval: 20 },
  );
  workers.at(-1)!.kill("SIGKILL");
  const stood = (await rowsOf(request)).filter(({ done }) => done);
  await startWorker();
  const { search: id } = output<Search>(await found);
  await onlyOneAgain(request, stood, id);
}, 240_000);
