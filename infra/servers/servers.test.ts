import { readFileSync, statSync } from "node:fs";
import { connectBus } from "@muster/bus/connect.ts";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { ProcessSpec } from "../processes.ts";
import { startReaper } from "../reaper.ts";
import { startServers, type TestServers, testHome } from "../testing.ts";
import { startPostgres } from "./postgres.ts";
import { postgresFiles } from "./postgres-files.ts";
import { redisCommand } from "./redis.ts";

/** Machines are slow at times. */
const patient = { timeout: 30_000 };

const processes: ProcessSpec[] = [
  { name: "catalog", kind: "agent", of: "catalog", file: "" },
  { name: "quality", kind: "agent", of: "quality", file: "" },
  { name: "planner", kind: "agent", of: "planner", file: "" },
];
type Refusal = { operation: string; subject: string };
let servers: TestServers;
beforeAll(async () => {
  servers = await startServers({ nats: true, redis: true, postgres: true, processes, durable: true });
});
afterAll(() => servers.stop());

describe("nats", () => {
  async function client(name: string) {
    const seed = readFileSync(servers.keys.seedFile(name), "utf8");
    const nats = await connectBus({ url: servers.natsUrl, name, seed });
    const refused: string[] = [];
    void (async () => {
      for await (const { permissionContext: refusal } of nats.status() as AsyncIterable<{
        permissionContext?: Refusal;
      }>)
        if (refusal) refused.push(`${refusal.operation} ${refusal.subject}`);
    })();
    return { nats, refused };
  }

  it("lets the planner ask an agent and the agent answer, and nothing else of either", async () => {
    const catalog = await client("catalog");
    const planner = await client("planner");
    catalog.nats.subscribe("muster.catalog.>", { callback: (_, message) => void message.respond("here") });
    await catalog.nats.flush();
    expect((await planner.nats.request("muster.catalog.search", "", { timeout: 5_000 })).string()).toBe("here");

    const quality = await client("quality");
    const subscriptions = ["muster.catalog.>", "_INBOX_planner.>", "muster.event.>", ">"];
    const publications = [
      "muster.catalog.search",
      "muster.event.catalog.done",
      "_INBOX_planner.x",
      "$JS.API.INFO",
      "$SRV.PING",
    ];
    for (const subject of ["muster.quality.>", ...subscriptions])
      quality.nats.subscribe(subject, { callback: () => {} });
    for (const subject of ["muster.event.quality.profiled", ...publications]) quality.nats.publish(subject);
    await quality.nats.flush();
    const expected = [...subscriptions.map((s) => `subscription ${s}`), ...publications.map((s) => `publish ${s}`)];
    await vi.waitFor(() => expect(quality.refused.sort()).toEqual(expected.sort()), patient);
    for (const { nats } of [catalog, planner, quality]) await nats.close();
  });

  it("refuses a stranger's key", async () => {
    const stranger = await startServers({ processes: [{ name: "stranger", kind: "door", of: "stranger", file: "" }] });
    const seed = readFileSync(stranger.keys.seedFile("stranger"), "utf8");
    await expect(connectBus({ url: servers.natsUrl, name: "stranger", seed })).rejects.toThrow(/AUTHORIZATION/i);
    await stranger.stop();
  });
});

describe("redis", () => {
  it("refuses writes rather than forgetting when memory is full, keeps a log, and wants its password", async () => {
    const ask = (...command: string[]) => redisCommand(servers.redisUrl, command);
    expect(await ask("CONFIG", "GET", "maxmemory-policy")).toContain("noeviction");
    expect(await ask("CONFIG", "GET", "appendonly")).toContain("yes");
    await ask("CONFIG", "SET", "maxmemory", "1");
    expect(await ask("SET", "a", "b")).toContain("-OOM");
    await ask("CONFIG", "SET", "maxmemory", "0");
    expect(await ask("SET", "a", "b")).toContain("+OK");
    const wrong = new URL(servers.redisUrl);
    wrong.password = "wrong";
    expect(await redisCommand(wrong.href, ["GET", "a"])).toContain("-NOAUTH");
  });
});

describe("postgres", () => {
  async function query(text: string) {
    const client = new pg.Client({ connectionString: servers.databaseUrl });
    await client.connect();
    try {
      return (await client.query(text)).rows[0];
    } finally {
      await client.end();
    }
  }

  it("has checksums, durable commits and time-outs", async () => {
    expect(await query("show data_checksums")).toEqual({ data_checksums: "on" });
    expect(await query("show synchronous_commit")).toEqual({ synchronous_commit: "on" });
    expect(await query("show fsync")).toEqual({ fsync: "on" });
    expect(await query("show statement_timeout")).toEqual({ statement_timeout: "2min" });
    expect(await query("show lock_timeout")).toEqual({ lock_timeout: "15s" });
  });

  it("wants a password", async () => {
    const wrong = new URL(servers.databaseUrl);
    wrong.password = "wrong";
    await expect(new pg.Client({ connectionString: wrong.href }).connect()).rejects.toThrow(
      "password authentication failed",
    );
  });

  it.runIf(process.getuid?.() === 0)(
    "runs as a user of its own under root, though the home is closed to it",
    async () => {
      expect(statSync(servers.home).mode & 0o777).toBe(0o700);
      const { data_directory: folder } = await query("show data_directory");
      expect(folder).toMatch(/^\/var\/lib\/muster\/[0-9a-f]{16}\/data$/);
      expect(statSync(folder).uid).not.toBe(0);
      const other = testHome();
      const { bin } = postgresFiles(servers.home);
      expect(postgresFiles(other.home).bin).toBe(bin);
      other.remove();
      expect([statSync(bin).uid, statSync(bin).mode & 0o022]).toEqual([0, 0]);
    },
  );
});

it("says at once that a database wants another password, what to do, and leaves no server running", async () => {
  const { home, remove } = testHome();
  const reaper = startReaper();
  try {
    const first = await startPostgres({ reaper }, home, "one", { durable: false });
    await first.stop();
    const states: string[] = [];
    const context = { reaper, onState: (_: string, state: string) => states.push(state) };
    await expect(startPostgres(context, home, "two", { durable: false })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("muster down --purge"),
    });
    expect(states.at(-1)).toBe("stopped");
    const again = await startPostgres({ reaper }, home, "one", { durable: false });
    await again.stop();
  } finally {
    reaper.stop();
    remove();
  }
});

it("leaves nothing behind when servers are stopped", async () => {
  const own = await startServers({ postgres: true, processes: [] });
  const client = new pg.Client({ connectionString: own.databaseUrl });
  await client.connect();
  const { data_directory: folder } = (await client.query("show data_directory")).rows[0];
  await client.end();
  await own.stop();
  expect(() => statSync(own.home)).toThrow("ENOENT");
  expect(() => statSync(folder)).toThrow("ENOENT");
  await expect(new pg.Client({ connectionString: own.databaseUrl }).connect()).rejects.toThrow("ECONNREFUSED");
});
