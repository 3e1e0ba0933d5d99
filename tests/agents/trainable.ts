import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call } from "@muster/bus/call.ts";
import { newId } from "@muster/bus/evidence.ts";
import { openJobs, work } from "@muster/bus/job.ts";
import type { Reply } from "@muster/bus/message.ts";
import type { Host } from "@muster/bus/perform.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { ml } from "@muster/ml/index.ts";
import { hashOf, sha256 } from "@muster/shared/canonical.ts";
import { type DatasetPin, parseDatasetRef, pinOf } from "@muster/shared/domain/dataset.ts";
import type { FeatureView } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import type { ColumnRole, FactName, FactValue } from "@muster/shared/fact/table.ts";
import { labelColumn } from "@muster/shared/features/label-rule.ts";
import { compileLabels } from "@muster/shared/features/labels.ts";
import { compileMatrix, type MatrixRole } from "@muster/shared/features/matrix.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { duckdb } from "@muster/shared/warehouse/dialects/duckdb.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { openPins, writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { type Bench, startBench } from "../support/process.ts";
import { accept, askFrom, sign, type Terms } from "../support/signing.ts";

/** 900 made-up visitors with an answer that tenure and plan tell in part. */
export function visitors(seed: number): string {
  const random = seededRandom(seed);
  const rows = Array.from({ length: 900 }, (_, i) => {
    const tenure = Math.floor(random() * 60);
    const plan = ["basic", "plus", "max"][Math.floor(random() * 3)]!;
    const spent = (20 + 10 * random() + (plan === "max" ? 8 : 0)).toFixed(2);
    const gone = 1.2 - tenure / 20 - (plan === "max" ? 1 : 0) + normal(random) > 0;
    return `v${i},${tenure},${plan},${random() < 0.05 ? "" : spent},${gone ? "yes" : "no"}`;
  });
  return `visitor_id,tenure,plan,spent,gone\n${rows.join("\n")}\n`;
}

/** The same receipts with some put in place, to be changed without the others noticing. */
export const copyOf = (shown: Shown, instead: Record<string, string> = {}): Shown =>
  Object.defineProperty({ ...shown, ...instead }, "$request", { value: shown.$request, enumerable: false });

/** The output of a tool, with the line it came to. */
export const output = <T>(reply: Reply) => reply.output as T & { verdict: string };

type Status = { runs: { run: string; status: string; error: { code: string } | null; cpuSeconds: number | null }[] };

/** A real ml agent with its worker on real servers, and the other processes to sign what it needs. */
export type MlBench = Awaited<ReturnType<typeof startMl>>;
/** Receipts by what they are, as one request gathers them. */
export type Shown = Record<string, string>;
/** How columns are cleared otherwise than as features, by name. */
type Roles = Record<string, Partial<FactValue<"training.cleared">["columns"][string]>>;

/** Starts it; `worker: false`: without one, for a test that starts workers as processes of their own; `clock`: the moment at which it begins for all. */
export async function startMl({ worker = true, clock }: { worker?: boolean; clock?: Date } = {}) {
  const agents = ["catalog", "quality", "governance", "pipeline", "cost", "ml", "planner"];
  const bench: Bench = await startBench([
    { name: "gateway", kind: "door", of: "gateway", file: "" },
    ...agents.map((name) => ({ name, kind: "agent" as const, of: name, file: "" })),
    { name: "ml-worker", kind: "worker", of: "ml", file: "" },
  ]);
  const by: Record<string, Process> = {};
  const behind = clock === undefined ? 0 : Date.now() - clock.getTime();
  const when = { now: () => new Date(Date.now() - behind) };
  for (const name of ["gateway", ...agents, "ml-worker"]) by[name] = await bench.process(name, when);
  const host = async (process: Process): Promise<Host> => ({ process, agent: ml, opened: await ml.open(process) });
  const jobs = openJobs(bench.redisUrl, ml);
  const stops = [await serve(await host(by.ml!), jobs)];
  if (worker) stops.push(await work(await host(by["ml-worker"]!), bench.redisUrl));
  stops.push(jobs.close);
  const door = by.gateway!;
  const lake = by.ml!.lake;
  const now = new Date("2026-07-01T00:00:00Z");
  let requests = 0;

  /** Calls a tool of ml with everything that was gathered; keeps what it gave under the fact's name. */
  async function step(tool: string, shown: Shown, input: Record<string, unknown> = {}, key = newId("k")) {
    const receipts = Object.values(shown);
    const reply = await call(door, {
      ...{ tool: `ml.${tool}`, input, receipts, request: shown.$request ?? null, key },
      deadline: Date.now() + 150_000,
    });
    for (const { id, fact, about } of reply.given)
      shown[fact === "features.materialized" ? `${fact} ${Object.keys(about).join(" ")}` : fact] = id;
    return reply;
  }

  const value = async <F extends FactName>(id: string): Promise<FactValue<F>> =>
    by.ml!.evidence.value<F>((await by.ml!.evidence.load([id])).get(id)!);

  /** A request of a person, accepted at the door. */
  async function request(terms: Terms = {}): Promise<Shown> {
    const name = `req_${++requests}`;
    const shown: Shown = { accepted: await accept(door, name, terms) };
    Object.defineProperty(shown, "$request", { value: name, enumerable: false });
    return shown;
  }

  async function write(name: string, kind: "labels" | "features", sql: string, inputs: DatasetPin[]) {
    const { version } = await writeQuery(lake, { name, kind, sql, inputs, origin: "a test", now });
    return pinOf(name, version);
  }

  /** Pins, clears, builds labels for the problem that is shown and finds no leak: what catalog, governance, pipeline and quality would sign. */
  async function clear(shown: Shown, pin: DatasetPin, instead: Roles = {}): Promise<void> {
    const problem = await value<"problem.defined">(shown["problem.defined"]!);
    const { name } = parseDatasetRef(pin);
    const { columns } = await lake.manifest(pin);
    const label = labelColumn(problem.label);
    const about = { problem: problem.hash, scope: [pin] };
    const who = { person: "ada", purpose: "analytics" };
    shown.scope = await sign(by.catalog!, "scope.pinned", about, { datasets: [{ pin, part: "label" }], joins: [] });
    shown.cleared = await sign(
      by.governance!,
      "training.cleared",
      { ...about, ...who },
      {
        datasets: [pin],
        columns: Object.fromEntries(
          columns.map((column) => {
            const role: ColumnRole =
              column.name === label ? "none" : column.name === problem.entity ? "key" : "feature";
            const use = column.name === label ? ("label" as const) : null;
            const entry = { role, use, reason: "a test", pii: false, ...instead[column.name] };
            return [`${name}.${column.name}`, entry];
          }),
        ),
        dropped: [],
        obligations: [],
        policies: ["test"],
      },
      { request: shown.$request!, person: who.person },
    );
    const labels = await write(
      `${problem.name}_labels`,
      "labels",
      compileLabels(duckdb, problem, { relation: name, columns }, { [name]: { relation: name, columns } }),
      [pin],
    );
    shown.labels = await sign(by.pipeline!, "labels.built", about, {
      ...{ dataset: labels, classes: [], cutoffs: [] },
      rows: { training: 0, holdout: 0, scoring: 0 },
    });
    shown.leakage = await sign(by.quality!, "leakage.found", about, { leaks: [], allowed: [] });
  }

  /** Registers the view that is shown, materializes it and passes its training set: what pipeline, quality and cost would sign. */
  async function materialize(shown: Shown, pin: DatasetPin): Promise<void> {
    const problem = await value<"problem.defined">(shown["problem.defined"]!);
    const view: FeatureView = await value<"view.defined">(shown["view.defined"]!);
    const { name } = parseDatasetRef(pin);
    const { columns } = await lake.manifest(pin);
    const relation = { relation: name, columns };
    const about = { problem: problem.hash, scope: [pin], view: view.hash };
    const compiled = compileMatrix(
      duckdb,
      problem,
      view,
      { dataset: relation, tables: { [name]: relation } },
      "training",
    );
    shown.registered = await sign(
      by.pipeline!,
      "view.registered",
      { ...about, purpose: "analytics" },
      { view, sql: compiled.sql, sqlHash: sha256(compiled.sql), columns: compiled.columns, rawColumns: [] },
    );
    const pins = {} as Record<"training" | "holdout", DatasetPin>;
    for (const role of ["training", "holdout"] as const satisfies MatrixRole[]) {
      const { sql } = compileMatrix(duckdb, problem, view, { dataset: relation, tables: { [name]: relation } }, role);
      pins[role] = await write(`${problem.name}_${role}`, "features", sql, [pin]);
      const { rows } = await lake.manifest(pins[role]);
      shown[role] = await sign(
        by.pipeline!,
        "features.materialized",
        { ...about, [role]: pins[role] },
        { role, dataset: pins[role], rows, columns: compiled.columns, asOf: null },
      );
    }
    const { rows } = await lake.manifest(pins.training);
    shown.checked = await sign(
      by.quality!,
      "training_set.passed",
      { ...about, training: pins.training },
      { training: pins.training, rows, positives: null, checks: [], dropped: [] },
    );
    await reserve(shown, { problem, training: pins.training });
  }

  /** Reserves a budget for a training, as cost would; gives the reservation. */
  async function reserve(
    shown: Shown,
    { problem, training }: { problem: Problem; training: DatasetPin },
    limits: Partial<FactValue<"budget.reserved">> = {},
  ): Promise<string> {
    const reservation = `rsv_${hashOf([shown.$request, requests++]).slice(0, 12)}`;
    const request = shown.$request!;
    shown.reserved = await sign(
      by.cost!,
      "budget.reserved",
      { request, person: "ada", problem: problem.hash, training },
      {
        ...{ reservation, limitUsd: 1, limitCpuSeconds: 120, limitMemoryMb: 2000, estimatedUsd: 0.1 },
        ...{ estimatedCpuSeconds: 10, ...limits },
      },
      { request, person: "ada" },
    );
    return reservation;
  }

  /** Loads a file as a dataset; gives its pin. */
  async function load(
    name: string,
    text: string | Uint8Array,
    dated: { time?: string; arrived?: string } = {},
  ): Promise<DatasetPin> {
    const inbox = inboxFolder(bench.home);
    mkdirSync(inbox, { recursive: true });
    writeFileSync(join(inbox, `${name}.csv`), text);
    const { version } = await ingest({ lake, inbox, file: `${name}.csv`, now, ...dated });
    return pinOf(name, version);
  }

  /** Everything up to the training, for one request; `without` names what of the suggestions to leave out, `instead` clears columns otherwise. */
  async function prepared(
    pin: DatasetPin,
    input: Record<string, unknown>,
    without: (names: string[]) => string[] = () => [],
    instead: Roles = {},
  ): Promise<Shown> {
    const shown = await request();
    await step("define_problem", shown, { dataset: pin, ...input });
    await clear(shown, pin, instead);
    await step("suggest_features", shown);
    const suggested = await value<"features.suggested">(shown["features.suggested"]!);
    const exclude = without(suggested.features.map(({ name }) => name));
    if (exclude.length > 0) await step("suggest_features", shown, { exclude });
    await step("create_feature_pipeline", shown);
    await materialize(shown, pin);
    await step("select_model", shown);
    return shown;
  }

  return {
    ...{ bench, by, door, lake, step, value, request, reserve, load, prepared, materialize, clear },
    /** The runs as they are listed, newest first. */
    runs: async () => output<Status>(await askFrom(door, { tool: "ml.get_ml_status" })).runs,
    /** Runs a query over one dataset version. */
    query: async (pin: DatasetPin, sql: string) => {
      const engine = await openPins(lake, { t: pin });
      try {
        return await engine.query(sql);
      } finally {
        engine.close();
      }
    },
    stop: async () => {
      for (const stop of stops) await stop();
      await bench.stop();
    },
  };
}
