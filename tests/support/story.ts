import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { openProcess, type Process } from "@muster/bus/process.ts";
import { asRole } from "@muster/infra/data-servers.ts";
import { openKeys } from "@muster/infra/keys.ts";
import { findProcesses, supervisorName } from "@muster/infra/processes.ts";
import { readConfig } from "@muster/shared/config.ts";
import { openPool } from "@muster/shared/database/open.ts";
import type { RequestView, StepView } from "@muster/shared/domain/request.ts";
import { seededRandom } from "@muster/shared/random.ts";
import type { Row } from "@muster/shared/warehouse/duckdb.ts";
import { openLake } from "@muster/shared/warehouse/lake.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import type { Person, TestSwarm } from "./swarm.ts";

const datasets = resolve(import.meta.dirname, "../../../shared/datasets");

/** Whether the public datasets stand beside the checkout; says so when a story has to be left out. */
export function publicDatasets(): boolean {
  const there = existsSync(datasets);
  if (!there) console.warn(`skipped: no public datasets at ${datasets}`);
  return there;
}

/** The path of a public dataset's file. */
export const publicFile = (...path: string[]): string => join(datasets, ...path);

/** The first rows of a file as text, the header among them. */
export const firstLines = (file: string, lines: number): string =>
  `${readFileSync(file, "utf8").split("\n", lines).join("\n")}\n`;

/** The step of a plan that called a tool; undefined where none did. */
export const stepOf = (view: RequestView, tool: string): StepView | undefined =>
  view.plan.find((step) => step.tool === tool);

/** Tools of a plan whose steps ended well, each once. */
export const toolsDone = (view: RequestView): string[] => [
  ...new Set(view.plan.filter((step) => step.status === "succeeded").map((step) => step.tool)),
];

/** What a request came to once a decision took effect: for a moment it still shows that it waits for one. */
export async function afterDecision({ settle }: Person, id: string): Promise<RequestView> {
  for (;;) {
    const view = await settle(id);
    if (view.status !== "awaiting_approval") return view;
  }
}

/** What effects there are: what must still be the same where nothing may have been done. */
export async function effectsOf({ http }: Person) {
  const count = async (path: string, list: string) =>
    ((await http<Record<string, unknown[]>>("GET", path)).body[list] ?? []).length;
  const datasets = (await http<{ datasets: { name: string; version: string }[] }>("GET", "/v1/datasets")).body.datasets;
  return {
    runs: await count("/v1/runs", "runs"),
    models: await count("/v1/models", "models"),
    deployments: await count("/v1/deployments", "deployments"),
    schedules: await count("/v1/schedules", "schedules"),
    datasets: datasets.map(({ name, version }) => `${name}@${version}`).sort(),
  };
}

/** Rows of one dataset version of the lake, by SQL over a view named `it`. */
export const lakeRows = async <T extends Row = Row>(home: string, pin: string, sql: string): Promise<T[]> => {
  const name = pin.slice(0, pin.indexOf("@"));
  return withPins(await openLake(home), [pin], {}, (engine) => engine.query<T>(sql.replaceAll("$it", `"${name}"`)));
};

/** A tensor of a served model's metadata. */
export type ServedInput = { name: string; datatype: string; parameters: { type: string; optional?: boolean } };

/** What a model is served with: its inputs, and rows of a dataset's newest version as it takes them. */
export async function servedRows(it: TestSwarm, model: string, from: { dataset: string; where: string; rows: number }) {
  const response = await fetch(`${it.swarm.urls.serving}/v2/models/${model}`);
  const { inputs } = (await response.json()) as { inputs: ServedInput[] };
  const columns = inputs.map(({ name, parameters: { type } }) =>
    type === "date" || type === "timestamp" ? `"${name}"::VARCHAR AS "${name}"` : `"${name}"`,
  );
  const pin = await (await openLake(it.home)).resolve(from.dataset);
  const sql = `SELECT ${columns.join(", ")} FROM $it WHERE ${from.where} ORDER BY ALL LIMIT ${from.rows}`;
  return { inputs, records: await lakeRows(it.home, pin, sql) };
}

/** Posts to the serving process; text goes as CSV, anything else as JSON. */
export async function serve(it: TestSwarm, path: string, body: unknown) {
  const text = typeof body === "string";
  const response = await fetch(`${it.swarm.urls.serving}${path}`, {
    method: "POST",
    headers: { "content-type": text ? "text/csv" : "application/json" },
    body: text ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const keysOf = (home: string) => openKeys(home, [...findProcesses().map(({ name }) => name), supervisorName]);
const adminUrl = ({ swarm, home }: TestSwarm): string =>
  `postgres://muster_admin:${keysOf(home).databaseAdminPassword}@127.0.0.1:${swarm.ports.postgres}/muster`;

/** Runs SQL on a swarm's database as its superuser. */
export async function asSuperuser(it: TestSwarm, sql: string, params: unknown[] = []): Promise<void> {
  const pool = openPool({ url: adminUrl(it), schema: "evidence", connections: 1 });
  try {
    await (params.length > 0 ? pool.query(sql, params) : pool.query(sql));
  } finally {
    await pool.end();
  }
}

/** Stands in a running swarm as one of its processes, with that process's key: what whoever stole it could do. */
export function standAs(it: TestSwarm, name: string): Promise<Process> {
  const { home, swarm } = it;
  const keys = keysOf(home);
  return openProcess(
    readConfig({
      MUSTER_HOME: home,
      MUSTER_PROCESS: name,
      MUSTER_NKEY_SEED: keys.seedFile(name),
      MUSTER_KEYS: keys.ringFile,
      MUSTER_DATABASE_URL: asRole(adminUrl(it), name, keys),
      NATS_URL: `nats://127.0.0.1:${swarm.ports.nats}`,
    }),
  );
}

/** A small flat table as CSV: an id, three columns, and `churn` (yes, no), which usage and plan tell something of. */
export function flatTable(rows: number, seed: number, churn?: (row: number) => string): string {
  const random = seededRandom(seed);
  const lines = Array.from({ length: rows }, (_, row) => {
    const usage = Math.round(1000 * random()) / 10;
    const plan = ["basic", "plus", "team"][Math.floor(3 * random())]!;
    const tickets = Math.floor(5 * random());
    const leaves = random() < 0.1 + (usage < 40 ? 0.5 : 0) + (plan === "basic" ? 0.2 : 0);
    return `k${seed}x${row},${usage},${plan},${tickets},${churn?.(row) ?? (leaves ? "yes" : "no")}`;
  });
  return `row_key,usage,plan,tickets,churn\n${lines.join("\n")}\n`;
}
