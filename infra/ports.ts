import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fault } from "@muster/shared/fault.ts";
import { identify, isRunning } from "./process-identity.ts";

/** Whether a port can be listened on right now. */
export const isFree = (port: number, host = "127.0.0.1"): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });

/** A port that nobody listened on a moment ago; whoever uses it must be ready to be second. */
export const freePort = (host = "127.0.0.1"): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port: 0, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });

/** Where a port's claim stands: what two supervisors that look at the same moment decide by. */
export const claimFile = (port: number): string => {
  const folder = join(tmpdir(), `muster-ports-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, String(port));
};

function claim(port: number): boolean {
  const file = claimFile(port);
  const mine = JSON.stringify(identify(process.pid));
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, mine, { flag: "wx" });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    try {
      const held = readFileSync(file, "utf8");
      if (held && isRunning(JSON.parse(held))) return false;
      rmSync(file, { force: true });
    } catch {
      return false;
    }
  }
  return false;
}

/** Gives claimed ports back. */
export function releasePorts(ports: readonly number[]): void {
  for (const port of ports) rmSync(claimFile(port), { force: true });
}

const take = async (port: number, host: string): Promise<boolean> => (await isFree(port, host)) && claim(port);

/** An address as a setting has it, split. */
export function parseAddress(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(":");
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(address.slice(at + 1)) };
}

/** The two public addresses, as settings have them, and whether each was set by a person. */
export type WantedAddresses = { http: string; serving: string; httpSet: boolean; servingSet: boolean };

/**
 * The two public addresses that this supervisor now holds: those wanted, else the next free pair above. Throws `conflict`
 * when one that was set is taken.
 */
export async function claimAddresses(
  wanted: WantedAddresses,
): Promise<{ http: string; serving: string; ports: number[] }> {
  const [http, serving] = [parseAddress(wanted.http), parseAddress(wanted.serving)];
  for (let shift = 0; shift < 200; shift += 2) {
    const pair = [
      { ...http, port: wanted.httpSet ? http.port : http.port + shift, set: wanted.httpSet, env: "MUSTER_HTTP" },
      {
        ...serving,
        port: wanted.servingSet ? serving.port : serving.port + shift,
        set: wanted.servingSet,
        env: "MUSTER_SERVING",
      },
    ];
    const taken: number[] = [];
    for (const { host, port, set, env } of pair) {
      const actual = port === 0 ? await freePort(host) : port;
      if (await take(actual, host)) taken.push(actual);
      else if (set) {
        releasePorts(taken);
        throw fault("conflict", `port ${port} is taken; set ${env} to a free one or unset it`, { port, env });
      } else break;
    }
    if (taken.length === 2) {
      const [a, b] = taken as [number, number];
      return { http: at(http.host, a), serving: at(serving.host, b), ports: taken };
    }
    releasePorts(taken);
    if (wanted.httpSet && wanted.servingSet) break;
  }
  throw fault("conflict", "no free pair of ports; set MUSTER_HTTP and MUSTER_SERVING", {});
}

const at = (host: string, port: number): string => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
