import { availableParallelism } from "node:os";
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { fault } from "./fault.ts";

const checkout = fileURLToPath(new URL("..", import.meta.url));

type SettingType = "text" | "url" | "count" | "address" | "path";

/** One setting: where it's read from, what it is worth when unset, and who is given it. */
export type Setting = {
  env: string;
  type: SettingType;
  /** null: unset means absent. A function where the default depends on the machine. */
  default: string | number | null | (() => string | number);
  unit?: string;
  secret?: boolean;
  /** `person`: set by whoever runs the swarm. `supervisor`: handed to each process, never set by hand. */
  by: "person" | "supervisor";
  /** The processes that are handed a person's setting; all where absent. Secrets name theirs. */
  only?: readonly string[];
  does: string;
};

/** Every setting there is. Nothing else in the code reads the environment. */
export const settings = {
  home: {
    env: "MUSTER_HOME",
    type: "path",
    default: () => resolve(checkout, ".muster"),
    by: "person",
    does: "Folder with all data, keys, logs and the inbox. A relative path starts at the checkout.",
  },
  http: {
    env: "MUSTER_HTTP",
    type: "address",
    default: "127.0.0.1:4280",
    by: "person",
    does: "Address of the gateway and its page. Unset and taken: the next free pair.",
  },
  serving: {
    env: "MUSTER_SERVING",
    type: "address",
    default: "127.0.0.1:4281",
    by: "person",
    does: "Address where deployed models answer.",
  },
  natsUrl: { env: "NATS_URL", type: "url", default: null, by: "person", does: "A NATS server to use; unset: our own." },
  redisUrl: {
    env: "REDIS_URL",
    type: "url",
    default: null,
    secret: true,
    by: "person",
    does: "A Redis server to use; unset: our own.",
  },
  databaseAdminUrl: {
    env: "DATABASE_URL",
    type: "url",
    default: null,
    secret: true,
    by: "person",
    only: [],
    does: "A PostgreSQL database to use, as a role that may create schemas and roles; unset: our own server.",
  },
  purpose: {
    env: "MUSTER_PURPOSE",
    type: "text",
    default: "analytics",
    by: "person",
    does: "Purpose of a request that names none.",
  },
  environment: {
    env: "MUSTER_ENVIRONMENT",
    type: "text",
    default: "local",
    by: "person",
    only: ["governance", "governance-worker"],
    does: "What policies see of where this runs: local, staging, production or a word of your own.",
  },
  openaiApiKey: {
    env: "OPENAI_API_KEY",
    type: "text",
    default: null,
    secret: true,
    by: "person",
    only: ["planner"],
    does: "Key of the language model's server.",
  },
  openaiBaseUrl: {
    env: "OPENAI_BASE_URL",
    type: "url",
    default: null,
    by: "person",
    only: ["planner"],
    does: "Any OpenAI-compatible server; unset with a key: OpenAI's own.",
  },
  model: {
    env: "MUSTER_MODEL",
    type: "text",
    default: null,
    by: "person",
    only: ["planner"],
    does: "Name of the language model. With no model set, requests are understood by rules alone.",
  },
  lineageUrl: {
    env: "OPENLINEAGE_URL",
    type: "url",
    default: null,
    by: "person",
    only: ["catalog"],
    does: "Where OpenLineage events of our runs are sent; a host alone means its /api/v1/lineage. Unset: nowhere.",
  },
  lineageKey: {
    env: "OPENLINEAGE_API_KEY",
    type: "text",
    default: null,
    secret: true,
    by: "person",
    only: ["catalog"],
    does: "Bearer key for the receiver of OpenLineage events.",
  },
  lineageNamespace: {
    env: "OPENLINEAGE_NAMESPACE",
    type: "text",
    default: "muster",
    by: "person",
    only: ["catalog"],
    does: "Namespace of our jobs and datasets in OpenLineage events, sent and accepted.",
  },
  mlflowUrl: {
    env: "MLFLOW_TRACKING_URI",
    type: "url",
    default: null,
    by: "person",
    only: ["ml"],
    does: "An MLflow server that runs, models, versions and aliases are mirrored to. Unset: nowhere.",
  },
  mlflowToken: {
    env: "MLFLOW_TRACKING_TOKEN",
    type: "text",
    default: null,
    secret: true,
    by: "person",
    only: ["ml"],
    does: "Bearer token for the MLflow server.",
  },
  mlflowUser: {
    env: "MLFLOW_TRACKING_USERNAME",
    type: "text",
    default: null,
    by: "person",
    only: ["ml"],
    does: "Name for the MLflow server, where it wants name and password.",
  },
  mlflowPassword: {
    env: "MLFLOW_TRACKING_PASSWORD",
    type: "text",
    default: null,
    secret: true,
    by: "person",
    only: ["ml"],
    does: "Password for the MLflow server.",
  },
  privateHosts: {
    env: "MUSTER_PRIVATE_HOSTS",
    type: "text",
    default: null,
    by: "person",
    does: "Hosts with a private address that a URL of these settings may name: host or host:port, with commas.",
  },
  xgboostLib: {
    env: "MUSTER_XGBOOST_LIB",
    type: "text",
    default: () => (process.platform === "darwin" ? "libxgboost.dylib" : "libxgboost.so.0"),
    by: "person",
    does: "The XGBoost library to load, by name or path.",
  },
  threads: {
    env: "MUSTER_THREADS",
    type: "count",
    default: () => Math.min(2, availableParallelism()),
    unit: "threads",
    by: "person",
    does: "Threads of one training; recorded with the run.",
  },
  deadlineMs: {
    env: "MUSTER_DEADLINE_MS",
    type: "count",
    default: 3_600_000,
    unit: "ms",
    by: "person",
    does: "Time a request may take; waiting for a person isn't counted.",
  },
  logLevel: {
    env: "MUSTER_LOG_LEVEL",
    type: "text",
    default: "info",
    by: "person",
    does: "trace, debug, info, warn or error.",
  },
  seed: {
    env: "MUSTER_SEED",
    type: "count",
    default: 7,
    by: "person",
    does: "Seed of everything drawn at random: splits, folds, the sample company.",
  },
  process: {
    env: "MUSTER_PROCESS",
    type: "text",
    default: null,
    by: "supervisor",
    does: "Name of this process: catalog, ml-worker, gateway.",
  },
  nkeySeedFile: {
    env: "MUSTER_NKEY_SEED",
    type: "path",
    default: null,
    by: "supervisor",
    does: "File with this process's nkey seed; it signs for NATS and for receipts.",
  },
  databaseUrl: {
    env: "MUSTER_DATABASE_URL",
    type: "url",
    default: null,
    secret: true,
    by: "supervisor",
    does: "The database as this process's own role.",
  },
  keyRingFile: {
    env: "MUSTER_KEYS",
    type: "path",
    default: null,
    by: "supervisor",
    does: "File with the public key of every process, as {name: public nkey}.",
  },
} as const satisfies Record<string, Setting>;

type Value<S extends Setting> =
  | (S["type"] extends "count" ? number : string)
  | (S["default"] extends null ? undefined : never);

/** The settings of one process, typed: text and paths (absolute), counts as whole numbers ≥ 0, absent ones `undefined`. */
export type Config = { readonly [K in keyof typeof settings]: Value<(typeof settings)[K]> };

const parsers: Record<SettingType, (raw: string) => string | number | undefined> = {
  text: (raw) => raw,
  url: (raw) => (URL.canParse(raw) ? raw : undefined),
  count: (raw) => (/^\d{1,15}$/.test(raw) ? Number(raw) : undefined),
  address: (raw) => {
    const port = Number(/^(?:[^\s:]+|\[[0-9a-fA-F:]+\]):(\d{1,5})$/.exec(raw)?.[1]);
    return port <= 65_535 ? raw : undefined;
  },
  path: (raw) => (isAbsolute(raw) ? raw : resolve(checkout, raw)),
};
const wanted: Record<SettingType, string> = {
  text: "text",
  url: "a URL such as nats://127.0.0.1:4222",
  count: "a whole number",
  address: "host:port such as 127.0.0.1:4280",
  path: "a path",
};

function read(
  setting: Setting,
  env: NodeJS.ProcessEnv,
): { value: string | number | undefined; source: "default" | "env" } {
  const raw = env[setting.env]?.trim();
  if (!raw) {
    const value = typeof setting.default === "function" ? setting.default() : setting.default;
    return { value: value ?? undefined, source: "default" };
  }
  const value = parsers[setting.type](raw);
  if (value !== undefined) return { value, source: "env" };
  throw fault("invalid_input", `${setting.env} is not ${wanted[setting.type]}; change or unset it`, {
    env: setting.env,
  });
}

/** The settings as this process sees them. Throws `invalid_input` naming the variable that can't be read. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const entries = Object.entries(settings).map(([name, setting]) => [name, read(setting, env).value]);
  return Object.freeze(Object.fromEntries(entries)) as Config;
}

/** One row of `muster status --settings`. */
export type SettingRow = {
  name: string;
  env: string;
  value: string | number | null;
  source: "default" | "env";
  unit: string | null;
  does: string;
};

/** What a person may set, each with its value and where that came from; a secret's value is `set`. */
export function describeSettings(env: NodeJS.ProcessEnv = process.env): SettingRow[] {
  return Object.entries(settings as Record<string, Setting>)
    .filter(([, setting]) => setting.by === "person")
    .map(([name, setting]) => {
      const { value, source } = read(setting, env);
      const shown = setting.secret && value !== undefined ? "set" : (value ?? null);
      return { name, env: setting.env, value: shown, source, unit: setting.unit ?? null, does: setting.does };
    });
}

/** Whether a person set it, rather than it being the default: a port that was set and is taken is a conflict. */
export const isSet = (name: keyof Config, env: NodeJS.ProcessEnv = process.env): boolean =>
  read(settings[name], env).source === "env";

/** Variables of the machine that every process keeps: how programs are found, time zone, traces. */
const ambient = /^(PATH|HOME|USER|LANG|LC_.*|TZ|TMPDIR|LD_LIBRARY_PATH|NODE_EXTRA_CA_CERTS|OTEL_.*|OMP_WAIT_POLICY)$/;

/** Passwords of warehouses, each named by a connection, and the agents that read warehouses. */
const secretName = /^MUSTER_SECRET_[A-Z0-9_]+$/;
const warehouseReaders = /^(catalog|quality|governance|pipeline|ml)(-worker)?$/;

/** A secret that a connection refers to by its variable's name; undefined where it isn't set. `invalid_input` for a name outside of MUSTER_SECRET_…. */
export function secretOf(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (secretName.test(name)) return env[name];
  throw fault("invalid_input", "the variable of a password must be called MUSTER_SECRET_…; rename it");
}

/**
 * The environment to start a process with: the machine's, the settings meant for that process, and what the supervisor
 * hands it. A secret that isn't its own never reaches it.
 */
export function environmentFor(
  name: string,
  handed: Partial<Config>,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const given: NodeJS.ProcessEnv = {};
  for (const [key, value] of Object.entries(env))
    if (ambient.test(key) || (warehouseReaders.test(name) && secretName.test(key))) given[key] = value;
  for (const [key, setting] of Object.entries(settings as Record<string, Setting>)) {
    const value = handed[key as keyof Config];
    if (value !== undefined) given[setting.env] = String(value);
    else if (setting.by === "person" && env[setting.env] && (setting.only ?? [name]).includes(name)) {
      given[setting.env] = env[setting.env];
    }
  }
  return given;
}

/** The environment of this process, for a program that it starts and that needs all of it. */
export const inheritedEnvironment = (): NodeJS.ProcessEnv => ({ ...process.env });

/** The folder that a person's relative paths start from: npm moves into the checkout and keeps where it was called. */
export const callersFolder = (env: NodeJS.ProcessEnv = process.env): string => env.INIT_CWD ?? process.cwd();
