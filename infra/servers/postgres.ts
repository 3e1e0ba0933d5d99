import { spawn } from "node:child_process";
import { chownSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fault } from "@muster/shared/fault.ts";
import pg from "pg";
import { until } from "../until.ts";
import { type PostgresFiles, postgresFiles } from "./postgres-files.ts";
import { type Server, type ServerContext, startServer } from "./server.ts";

const admin = "muster_admin";
const database = "muster";

/** Settings of our PostgreSQL: durable, bounded in what one statement may hold, small at rest. */
export const postgresSettings: Record<string, string> = {
  listen_addresses: "127.0.0.1",
  synchronous_commit: "on",
  fsync: "on",
  full_page_writes: "on",
  statement_timeout: "120s",
  lock_timeout: "15s",
  idle_in_transaction_session_timeout: "60s",
  max_connections: "200",
  shared_buffers: "64MB",
  huge_pages: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  cluster_name: "muster",
  password_encryption: "scram-sha-256",
  // A failing statement's text holds values; those never reach a log.
  log_min_error_statement: "panic",
  log_error_verbosity: "terse",
};

/**
 * Starts PostgreSQL on loopback with the home's data (made on first use, with checksums); gives the administrator's URL.
 * Without `durable` it doesn't wait for the disk: it survives its own death, not the machine's. For tests.
 * `unavailable` at once where the data want another password.
 */
export async function startPostgres(
  context: ServerContext,
  home: string,
  password: string,
  { durable = true }: { durable?: boolean } = {},
): Promise<Server & { adminUrl: string; urlFor: (role: string, password: string) => string }> {
  const files = postgresFiles(home);
  if (!existsSync(files.data)) await initialize(files, password, durable);
  const settings = {
    ...postgresSettings,
    ...(durable ? {} : { fsync: "off" }),
    unix_socket_directories: files.socket ?? "",
  };
  const server = await startServer(context, {
    name: "postgres",
    // Fast shutdown: sessions are ended, the data is left consistent.
    stopSignal: "INT",
    launch: (port) => ({
      command: join(files.bin, "postgres"),
      args: [
        "-D",
        files.data,
        "-p",
        String(port),
        ...Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
      ],
      options: { cwd: files.folder, ...files.user },
    }),
    ready: (port, ended) => until(() => answered(urlOf(admin, password, port, "postgres")), ended),
  });
  const urlFor = (role: string, secret: string) => urlOf(role, secret, server.port, database);
  try {
    await createDatabase(urlOf(admin, password, server.port, "postgres"));
  } catch (error) {
    await server.stop();
    throw isRefusal(error) ? madeForAnother(files.folder, error) : error;
  }
  return { ...server, adminUrl: urlFor(admin, password), urlFor };
}

const urlOf = (role: string, password: string, port: number, name: string): string =>
  `postgres://${role}:${password}@127.0.0.1:${port}/${name}`;

/** Makes the data folder aside and then names it, so that a cut-off run leaves none that looks whole. */
async function initialize(files: PostgresFiles, password: string, durable: boolean): Promise<void> {
  const fresh = `${files.data}.new`;
  const passwordFile = join(files.folder, "password");
  rmSync(fresh, { recursive: true, force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (files.user) chownSync(passwordFile, files.user.uid, files.user.gid);
  try {
    await run(join(files.bin, "initdb"), files, [
      ...["-D", fresh, "-U", admin, `--pwfile=${passwordFile}`, "--auth=scram-sha-256", "--data-checksums"],
      ...["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"],
      ...(durable ? [] : ["--no-sync"]),
    ]);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(fresh, files.data);
}

function run(command: string, files: PostgresFiles, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: files.folder,
      ...files.user,
      env: { LC_ALL: "C" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data) => (said = (said + data).slice(-2_000)));
    child.once("error", reject);
    child.once("exit", (code) =>
      code === 0
        ? resolve()
        : reject(fault("unavailable", `PostgreSQL's data could not be made: ${said.trim()}`, { code })),
    );
  });
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Resolves once the server answers; a refused password is an answer too, and trying again wouldn't change it. */
const answered = (url: string): Promise<void> =>
  withClient(url, async (client) => void (await client.query("select 1"))).catch((error: unknown) => {
    if (!isRefusal(error)) throw error;
  });

const isRefusal = (error: unknown): boolean => (error as { code?: string }).code === "28P01";

const madeForAnother = (folder: string, cause: unknown) =>
  fault(
    "unavailable",
    `the database in ${folder} was made for a home that was removed since: its password is gone with it. Take it away with npx muster down --purge, then start again`,
    { server: "postgres" },
    cause,
  );

const createDatabase = (url: string): Promise<void> =>
  withClient(url, async (client) => {
    const { rowCount } = await client.query("select 1 from pg_database where datname = $1", [database]);
    if (rowCount === 0) await client.query(`create database ${database}`);
  });
