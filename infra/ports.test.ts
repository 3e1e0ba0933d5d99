import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { afterEach, expect, it } from "vitest";
import { claimAddresses, claimFile, freePort, isFree, parseAddress, releasePorts } from "./ports.ts";

const open: Server[] = [];
const claimed: number[] = [];
afterEach(async () => {
  releasePorts(claimed.splice(0));
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function occupy(port: number): Promise<number> {
  const server = createServer();
  open.push(server);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return port;
}

async function claim(http: number, serving: number, set = { httpSet: false, servingSet: false }) {
  const got = await claimAddresses({ http: `127.0.0.1:${http}`, serving: `127.0.0.1:${serving}`, ...set });
  claimed.push(...got.ports);
  return got;
}

/** The first of four ports in a row that nobody listens on. */
async function fourInARow(): Promise<number> {
  for (;;) {
    const first = await freePort();
    const all = [0, 1, 2, 3].map((step) => first + step);
    if (first < 65_000 && (await Promise.all(all.map((port) => isFree(port)))).every(Boolean)) return first;
  }
}

it("takes the wanted pair when it's free", async () => {
  const first = await fourInARow();
  expect((await claim(first, first + 1)).ports).toEqual([first, first + 1]);
});

it("takes the next free pair when one of the two is taken", async () => {
  const first = await fourInARow();
  await occupy(first + 1);
  const got = await claim(first, first + 1);
  expect(got).toEqual({
    http: `127.0.0.1:${first + 2}`,
    serving: `127.0.0.1:${first + 3}`,
    ports: [first + 2, first + 3],
  });
});

it("refuses a port that was set and is taken, naming the setting, and keeps no claim", async () => {
  const first = await fourInARow();
  await occupy(first + 1);
  const set = { httpSet: true, servingSet: true };
  await expect(claim(first, first + 1, set)).rejects.toMatchObject({
    code: "conflict",
    data: { env: "MUSTER_SERVING" },
  });
  expect((await claim(first, first + 2, set)).ports).toEqual([first, first + 2]);
});

it("gives two who look at the same moment different pairs", async () => {
  const first = await fourInARow();
  // Neither listens yet: only the claims tell them apart.
  expect((await claim(first, first + 1)).ports).toEqual([first, first + 1]);
  expect((await claim(first, first + 1)).ports).toEqual([first + 2, first + 3]);
});

it("takes over the claim of a process that is gone", async () => {
  const first = await fourInARow();
  const gone = spawnSync(process.execPath, ["-e", "console.log(process.pid)"], { encoding: "utf8" });
  await claim(first, first + 1);
  writeFileSync(claimFile(first), JSON.stringify({ pid: Number(gone.stdout), startedAt: "1" }));
  writeFileSync(claimFile(first + 1), JSON.stringify({ pid: process.pid, startedAt: "another process with our pid" }));
  expect((await claim(first, first + 1)).ports).toEqual([first, first + 1]);
});

it("splits addresses, also of IPv6", () => {
  expect(parseAddress("127.0.0.1:4280")).toEqual({ host: "127.0.0.1", port: 4280 });
  expect(parseAddress("[::1]:4280")).toEqual({ host: "::1", port: 4280 });
});
