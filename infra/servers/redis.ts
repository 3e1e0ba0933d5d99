import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { until } from "../until.ts";
import { findProgram, type Server, type ServerContext, startServer } from "./server.ts";

/**
 * The server's configuration: loopback with a password, an append-only file, and noeviction: when memory is full it
 * refuses writes, because BullMQ's jobs may not vanish.
 */
export const redisConfig = (port: number, folder: string, password: string): string =>
  [
    "bind 127.0.0.1",
    `port ${port}`,
    "protected-mode yes",
    `requirepass ${password}`,
    `dir "${folder}"`,
    "daemonize no",
    "appendonly yes",
    "appendfsync everysec",
    'save ""',
    "maxmemory 512mb",
    "maxmemory-policy noeviction",
    "",
  ].join("\n");

/** Starts redis-server on loopback with its data in `<folder>`; gives its URL with the password. */
export async function startRedis(
  context: ServerContext,
  folder: string,
  password: string,
): Promise<Server & { url: string }> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // A file, because other users can read the arguments of a program.
  const configFile = join(folder, "redis.conf");
  const program = findProgram("redis-server");
  const server = await startServer(context, {
    name: "redis",
    stopSignal: "TERM",
    launch: (port) => {
      writeFileSync(configFile, redisConfig(port, folder, password), { mode: 0o600 });
      return { command: program, args: [configFile], options: { cwd: folder } };
    },
    ready: (port, ended) => until(() => answered(port, password), ended),
  });
  return { ...server, url: `redis://:${password}@127.0.0.1:${server.port}` };
}

/** Resolves when the server answers a PING, which it does once its data is loaded. */
const answered = (port: number, password: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port }, () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.setTimeout(2_000, () => socket.destroy(new Error("no answer")));
    socket.once("error", reject);
    let said = "";
    socket.on("data", (data) => {
      said += data;
      if (said.split("\r\n").length < 3) return;
      socket.destroy();
      if (said.includes("+PONG")) resolve();
      else reject(new Error("redis refuses"));
    });
  });
