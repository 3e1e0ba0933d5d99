/**
 * Brings a bare machine to the point where our TypeScript runs, then runs it: `node infra/bootstrap.mjs start|test [args…]`.
 * Plain JavaScript for Node 20 and up, because nothing is installed yet when it starts; for the same reason it reads the
 * environment itself. It installs only what is missing and says what it does on stderr; stdout belongs to the program.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const pnpm = "pnpm@12.21.0";
const stamp = join(root, "node_modules", ".muster-installed");
const say = (text) => process.stderr.write(`setup: ${text}\n`);

class SetupError extends Error {}
const instruct = (text) => {
  throw new SetupError(text);
};

const searchPath = [
  ...(process.env.PATH ?? "").split(delimiter),
  "/usr/sbin",
  "/usr/bin",
  "/usr/local/bin",
  "/opt/homebrew/bin",
];
const findProgram = (name) =>
  searchPath
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });

/** Runs a program with its output on our stderr, so that stdout stays clean; gives its exit code. */
const run = (command, args, env = process.env) =>
  spawnSync(command, args, { cwd: root, env, stdio: ["ignore", 2, 2] }).status ?? 1;
const ask = (command, args) => spawnSync(command, args, { encoding: "utf8" }).stdout ?? "";

function installNodeModules() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "pnpm-lock.yaml")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  say("installing the packages of the lockfile");
  const args = ["-y", pnpm, "install", "--frozen-lockfile", "--config.confirmModulesPurge=false"];
  if (run("npx", args) !== 0) {
    instruct(
      "the packages could not be installed; see the lines above. A machine without network needs node_modules copied in",
    );
  }
  writeFileSync(stamp, wanted);
}

const newEnough = (version) => {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 2);
};

/** Node 24: the lockfile's where it carries one for this platform, else the running one, else Homebrew's. */
function findNode() {
  const packaged = join(root, "node_modules", `node-linux-${process.arch}`, "bin", "node");
  if (process.platform === "linux" && existsSync(packaged)) return packaged;
  if (newEnough(process.version)) return process.execPath;
  if (findProgram("brew")) {
    const kept = join(ask("brew", ["--prefix", "node@24"]).trim(), "bin", "node");
    if (existsSync(kept)) return kept;
    say("installing node@24 with brew");
    if (run("brew", ["install", "node@24"]) === 0 && existsSync(kept)) return kept;
  }
  return instruct(`Node 24.2 or newer is needed and this is ${process.version}; install it and run this again`);
}

const hasXgboost = () => {
  if (process.env.MUSTER_XGBOOST_LIB) return true;
  if (process.platform === "darwin") {
    return ["/opt/homebrew", "/usr/local"].some((prefix) => existsSync(`${prefix}/opt/xgboost/lib/libxgboost.dylib`));
  }
  const ldconfig = findProgram("ldconfig") ?? "/sbin/ldconfig";
  return ask(ldconfig, ["-p"]).includes("libxgboost.so.0");
};

/** What the machine lacks. A server that the settings name elsewhere isn't needed by `start`; tests start their own. */
const missing = (command) =>
  [
    {
      apt: "nats-server",
      brew: "nats-server",
      here: () => findProgram("nats-server"),
      elsewhere: process.env.NATS_URL,
    },
    { apt: "redis-server", brew: "redis", here: () => findProgram("redis-server"), elsewhere: process.env.REDIS_URL },
    { apt: "libxgboost0", brew: "xgboost", here: hasXgboost, elsewhere: undefined },
  ].filter((need) => !need.here() && !(command === "start" && need.elsewhere));

/**
 * apt's part as one shell script, so that sudo is asked once. Debian starts a service as it installs it unless
 * policy-rc.d says 101, and starts it again at boot unless it's disabled: both are prevented here, only for the packages
 * installed now. What policy-rc.d was there comes back whatever happens, also one that a killed run left aside.
 */
const aptScript = `
set -e
exec 9>/run/lock/muster-setup && flock 9
policy=/usr/sbin/policy-rc.d
kept=/usr/sbin/policy-rc.d.before-muster
restore() {
  rm -f "$policy"
  if [ -e "$kept" ]; then mv "$kept" "$policy"; fi
}
trap restore EXIT
trap 'exit 130' HUP INT TERM
if [ -e "$policy" ] && [ ! -e "$kept" ]; then mv "$policy" "$kept"; fi
printf '#!/bin/sh\\nexit 101\\n' > "$policy"
chmod 755 "$policy"
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
get() { apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" 9>&-; }
updated=
for package in "$@"; do
  apt-cache show "$package" >/dev/null 2>&1 || { get update; updated=1; break; }
done
get install --no-install-recommends "$@" || {
  [ -z "$updated" ]
  get update
  get install --no-install-recommends "$@"
}
for package in "$@"; do
  for unit in $(dpkg -L "$package" | sed -n 's#^\\(/usr\\)\\{0,1\\}/lib/systemd/system/\\([^/@]*\\.service\\)$#\\2#p'); do
    DPKG_MAINTSCRIPT_PACKAGE="$package" deb-systemd-helper disable "$unit" >/dev/null
  done
  if [ -e "/etc/init.d/$package" ]; then update-rc.d "$package" disable >/dev/null; fi
done
`;

function installSystemPackages(command) {
  const needs = missing(command);
  if (needs.length === 0) return;
  const names = needs.map((need) => need.apt).join(" ");
  if (findProgram("apt-get")) {
    const asRoot = process.getuid?.() === 0 ? [] : ["sudo"];
    if (asRoot.length > 0 && !findProgram("sudo")) instruct(`run as root: apt-get install ${names}`);
    say(`installing ${names} with apt (no service is started)`);
    const [program, ...args] = [...asRoot, "sh", "-c", aptScript, "setup", ...needs.map((need) => need.apt)];
    if (run(program, args) !== 0) instruct(`apt could not install ${names}; see the lines above`);
  } else if (findProgram("brew")) {
    const formulae = needs.map((need) => need.brew);
    say(`installing ${formulae.join(" ")} with brew (no service is started)`);
    if (run("brew", ["install", ...formulae]) !== 0) instruct(`brew could not install ${formulae.join(" ")}`);
  } else {
    instruct(
      `neither apt nor brew is here. Put nats-server (2.9 or newer), redis-server (7 or newer) and libxgboost.so.0 (1.7 or ` +
        `newer) on this machine, or set NATS_URL, REDIS_URL and MUSTER_XGBOOST_LIB. Missing: ${names}`,
    );
  }
  const still = missing(command);
  if (still.length > 0) instruct(`installed, but still not found: ${still.map((need) => need.apt).join(" ")}`);
}

/** One set-up at a time in a checkout: a second one waits for the first, and takes over where the first died. */
async function alone(work) {
  const folder = join(root, ".muster");
  const lock = join(folder, "setup.lock");
  mkdirSync(folder, { recursive: true });
  for (let waited = false; ; waited = true) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const holder = Number(readIfThere(lock));
      if (holder === 0 || !isAlive(holder)) {
        rmSync(lock, { force: true });
        continue;
      }
      if (!waited) say(`waiting for another set-up (process ${holder}); if it isn't one, remove ${lock}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}
const readIfThere = (file) => (existsSync(file) ? readFileSync(file, "utf8") : "");
const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
};

/** Whether npm, which killed hard tells nobody, is still above us: it runs us through a shell, whose parent it is. */
function watchNpm(onGone) {
  const shell = process.ppid;
  const [parent, name] = ask("ps", ["-o", "ppid=,comm=", "-p", String(shell)])
    .trim()
    .split(/\s+/);
  const npm = name?.endsWith("sh") ? Number(parent) : null;
  const isGone = () => process.ppid !== shell || (npm !== null && !isAlive(npm));
  setInterval(() => isGone() && onGone(), 1000).unref();
}

/** Runs the program with our terminal and passes signals on. The extra channel is how it learns that we died. */
function handOver(node, command, args) {
  const program = join(root, "infra", `${command}.ts`);
  const child = spawn(node, [program, ...args], { stdio: ["inherit", "inherit", "inherit", "ipc"] });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  if (process.env.npm_lifecycle_event) watchNpm(() => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => {
    if (signal) say(`${command} ended by ${signal}`);
    process.exit(code ?? 1);
  });
}

const [command, ...args] = process.argv.slice(2);
try {
  if (command !== "start" && command !== "test") instruct("usage: node infra/bootstrap.mjs start|test [args…]");
  const node = await alone(() => {
    installSystemPackages(command);
    installNodeModules();
    return findNode();
  });
  handOver(node, command, args);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exit(1);
}
