import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { NatsGrants } from "../processes.ts";
import { until } from "../until.ts";
import { findProgram, type Server, type ServerContext, startServer } from "./server.ts";

/** A NATS user: a process with its public nkey and its allow-list. */
export type NatsUser = NatsGrants & { name: string; publicKey: string };

/** The authorization block: one nkey a process, allow-lists only, and replies only to what was asked (2 within 60 s). */
export const natsAuthorization = (users: readonly NatsUser[]) => ({
  timeout: 5,
  users: users.map(({ publicKey, publish, subscribe }) => ({
    nkey: publicKey,
    permissions: {
      publish: { allow: publish },
      subscribe: { allow: subscribe },
      allow_responses: { max: 2, expires: "60s" },
    },
  })),
});

/** The server's configuration. JSON is a form of it that nats-server reads. */
export const natsConfig = (listen: string, folder: string, users: readonly NatsUser[]) => ({
  listen,
  server_name: "muster",
  max_payload: 262_144,
  write_deadline: "10s",
  lame_duck_duration: "30s",
  jetstream: { store_dir: join(folder, "jetstream"), max_mem: 67_108_864, max_file: 1_073_741_824 },
  authorization: natsAuthorization(users),
});

/** Starts nats-server on loopback with its data in `<folder>`; gives its URL. */
export async function startNats(
  context: ServerContext,
  folder: string,
  users: readonly NatsUser[],
): Promise<Server & { url: string }> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const configFile = join(folder, "nats.json");
  const program = findProgram("nats-server");
  const server = await startServer(context, {
    name: "nats",
    stopSignal: "TERM",
    launch: (port) => {
      writeFileSync(configFile, JSON.stringify(natsConfig(`127.0.0.1:${port}`, folder, users), null, 2), {
        mode: 0o600,
      });
      return { command: program, args: ["-c", configFile], options: { cwd: folder } };
    },
    ready: (port, ended) => until(() => greeted(port), ended),
  });
  return { ...server, url: `nats://127.0.0.1:${server.port}` };
}

/** Resolves when a NATS server introduces itself on this port. */
const greeted = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.setTimeout(2_000, () => socket.destroy(new Error("no greeting")));
    socket.once("error", reject);
    socket.once("data", (data) => {
      socket.destroy();
      if (data.toString().startsWith("INFO ")) resolve();
      else reject(new Error("something else listens there"));
    });
  });
