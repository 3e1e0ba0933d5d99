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

const urlOf = (port: number, password: string): string => `redis://:${password}@127.0.0.1:${port}`;

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
    ready: (port, ended) => until(() => answered(urlOf(port, password)), ended),
  });
  return { ...server, url: urlOf(server.port, password) };
}

/** Resolves when the server answers a PING, which it does once its data is loaded. */
async function answered(url: string): Promise<void> {
  if (!(await redisCommand(url, ["PING"])).includes("+PONG")) throw new Error("redis refuses");
}

/**
 * The server's raw reply to one command of plain words, sent after the URL's password. What infra asks a Redis; jobs go
 * through the bus.
 */
export const redisCommand = (url: string, command: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port, password } = new URL(url);
    const lines = [["AUTH", password], command, ["QUIT"]].map((words) => `${words.join(" ")}\r\n`);
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(lines.join("")));
    socket.setTimeout(2_000, () => socket.destroy(new Error("no answer")));
    socket.once("error", reject);
    let said = "";
    socket.on("data", (data) => {
      said += data;
    });
    socket.once("end", () => resolve(said));
  });
