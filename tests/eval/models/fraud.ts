import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { predictFitted } from "@muster/ml/score.ts";
import { suggestFeatures } from "@muster/ml/suggest/suggest.ts";
import { readTrainingSet } from "@muster/ml/training/read-training-set.ts";
import { selectCandidates } from "@muster/ml/training/select-candidates.ts";
import { trainInChild } from "@muster/ml/training/spawn.ts";
import type { Column } from "@muster/shared/domain/dataset.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { asFault } from "@muster/shared/fault.ts";
import { valueType } from "@muster/shared/features/kinds.ts";
import { checkLeaks, unmeasured } from "@muster/shared/features/leaks.ts";
import { compileMatrix, type MatrixRole } from "@muster/shared/features/matrix.ts";
import { flatProblem } from "@muster/shared/features/testing-problem.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { averagePrecision } from "@muster/shared/stats/metrics.ts";
import { type Engine, openEngine } from "@muster/shared/warehouse/duckdb.ts";
import { quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { storageType } from "@muster/shared/warehouse/storage.ts";
import { type Measured, round } from "../../support/measure.ts";
import { publicFile } from "../../support/story.ts";

const dataset = "fraud_transactions";
/** Learned from the first six weeks, judged on the last two; a label is known a week after its event. */
const [trainingDays, holdoutDays, labelDelayDays] = [42, 14, 7];
const [threads, seed, folds] = [2, 1, 3];
/** CPU-seconds that each of the two trainings may take. */
const cpuSecondsLimit = 600;

type Table = { engine: Engine; columns: Column[]; problem: Problem; rows: number; judgedFrom: string };

/** The transactions, and the problem whose training rows are those of the first weeks. */
async function openTable(file: string, copies: readonly string[]): Promise<Table> {
  const engine = await openEngine({ files: [file, ...copies], memoryMb: 3072, threads, timeLimitMs: 900_000 });
  await engine.view(dataset, file);
  const described = await engine.query<{ column_name: string; column_type: string }>(`DESCRIBE ${dataset}`);
  const columns = described.map((d) => ({ name: d.column_name, type: storageType(d.column_type) }));
  const [range] = await engine.query(`SELECT count(*) AS n, max(TX_DATETIME) AS last,
    CAST(CAST(max(TX_DATETIME) AS DATE) - ${holdoutDays - 1} AS VARCHAR) AS judged, count(*) FILTER (WHERE TX_DATETIME >=
    (SELECT CAST(min(TX_DATETIME) AS DATE) + ${trainingDays} FROM ${dataset})) AS later FROM ${dataset}`);
  const rows = Number(range!.n);
  const problem = flatProblem({
    ...{ name: "fraud", dataset, target: "TX_FRAUD", entity: "TRANSACTION_ID", time: "TX_DATETIME", labelDelayDays },
    ...{ metric: "average_precision", now: new Date(String(range!.last)).toISOString() },
    label: { kind: "column", column: "TX_FRAUD", positive: "1" },
    // What lies between the weeks learned from and those judged on is held out too.
    holdout: { kind: "last_time", share: Number(range!.later) / rows, time: "TX_DATETIME" },
  });
  return { engine, columns, problem, rows, judgedFrom: String(range!.judged) };
}

/** Every column as it stands, with the parts of its time, but for the label, the row's key and the column that tells the label. */
const plainFeatures = (columns: readonly Column[]): Feature[] => [
  ...columns
    .filter(
      ({ name, type }) => !["TX_FRAUD", "TX_FRAUD_SCENARIO", "TRANSACTION_ID"].includes(name) && type !== "timestamp",
    )
    .map(({ name, type }): Feature => ({ kind: "column", name, column: name, type })),
  ...(["day", "weekday", "hour"] as const).map(
    (part): Feature => ({ kind: "date_part", name: `TX_DATETIME_${part}`, column: "TX_DATETIME", part }),
  ),
];

/** What the product itself suggests, from the training rows. */
async function suggestedFeatures({ engine, columns, problem, rows }: Table) {
  const roles = Object.fromEntries(
    columns.map(({ name }) => [`${dataset}.${name}`, name === problem.entity ? "key" : "feature"] as const),
  );
  const manifest = { name: dataset, rows, columns, time: problem.time, arrived: null };
  const source = { tables: [{ manifest, relation: dataset }], rows, joins: [], roles };
  return suggestFeatures(engine, problem, source, seededRandom(seed));
}

/** Trains on the training matrix of some features and gives the average precision on the last weeks. */
async function judged(
  { engine, columns, problem, judgedFrom }: Table,
  features: readonly Feature[],
  name: string,
  file: (role: string) => string,
) {
  const write = async (role: MatrixRole) => {
    const { sql } = compileMatrix(
      engine.dialect,
      problem,
      { features: [...features] },
      { dataset: { relation: dataset, columns }, tables: {} },
      role,
    );
    const from = role === "holdout" ? `(${sql}) m WHERE __cutoff >= DATE '${judgedFrom}'` : `(${sql}) m`;
    await engine.run(`COPY (SELECT * FROM ${from} ORDER BY __row) TO ${quoteLiteral(file(role))} (FORMAT parquet)`);
  };
  await write("training");
  await write("holdout");
  const inputs = features.map((feature) => ({ name: feature.name, type: valueType(feature) }));
  const [count] = await engine.query(
    `SELECT count(*) AS n, count(*) FILTER (WHERE __label = '1') AS positives FROM read_parquet(${quoteLiteral(file("training"))})`,
  );
  const shape = {
    task: "binary" as const,
    rows: Number(count!.n),
    classes: 2,
    minority: Number(count!.positives),
    folds,
    numbers: inputs.filter(({ type }) => type === "number").length,
    categories: inputs.filter(({ type }) => type === "category").length,
  };
  const trained = await trainInChild({
    ...{ file: file("training"), task: "binary", metric: "average_precision", positive: "1", features: inputs },
    candidates: selectCandidates(shape).filter(
      ({ params }) => params.algorithm === "xgboost" || params.algorithm === "constant",
    ),
    ...{ folds, time: null, costs: null, seed, threads, cpuSecondsLimit, memoryLimitMb: 6144, xgboostLibrary: null },
  });
  const held = await readTrainingSet({
    file: file("holdout"),
    task: "binary",
    positive: "1",
    features: trained.fitted.inputs,
    time: null,
    threads,
    memoryMb: 3072,
  });
  const { probabilities } = predictFitted(trained.fitted, held.columns);
  return {
    case: {
      dataset,
      features: name,
      count: features.length,
      algorithm: trained.chosen,
      trainingRows: shape.rows,
      holdoutRows: held.labels.values.length,
      cpuSeconds: round(trained.cpuSeconds),
    },
    precision: averagePrecision(held.labels.values, probabilities[1]!),
  };
}

/** How a rate of labels that aren't known yet ends: the code of its refusal, or null where it isn't refused. */
function undelayed({ columns, problem }: Table): string | null {
  const rate: Feature = { kind: "label_rate", name: "undelayed", key: "TERMINAL_ID", days: 7, delayDays: 1 / 1440 };
  try {
    checkLeaks([rate], problem, unmeasured({ [dataset]: { columns, time: problem.time, arrived: null } }));
    return null;
  } catch (error) {
    return asFault(error).code;
  }
}

/** Fraud, learned from six weeks and judged on the last two: plain columns against what the product suggests by itself. */
export async function fraud(): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), "muster-fraud-"));
  const names = ["plain", "suggested"] as const;
  const path = (name: string) => (role: string) => join(folder, `${name}-${role}.parquet`);
  const copies = names.flatMap((name) => ["training", "holdout"].map(path(name)));
  const table = await openTable(publicFile(dataset, "transactions.parquet"), copies);
  try {
    const from = performance.now();
    const { features, dropped } = await suggestedFeatures(table);
    const seconds = (performance.now() - from) / 1000;
    const plain = await judged(table, plainFeatures(table.columns), "plain", path("plain"));
    const suggested = await judged(
      table,
      features.map(({ feature }) => feature),
      "suggested",
      path("suggested"),
    );
    const kinds = (kind: Feature["kind"]) => features.filter(({ feature }) => feature.kind === kind).length;
    return {
      figures: {
        fraudPlainAveragePrecision: round(plain.precision),
        fraudSuggestedAveragePrecision: round(suggested.precision),
        fraudTimesPlain: round(suggested.precision / plain.precision),
        fraudSuggestSeconds: round(seconds),
        fraudWindows: kinds("window"),
        fraudLabelRates: kinds("label_rate"),
        fraudLeakingColumn: dropped.find(({ name }) => name.includes("TX_FRAUD_SCENARIO"))?.reason ?? null,
        fraudUndelayedRate: undelayed(table) ?? "accepted",
      },
      cases: [
        plain.case,
        suggested.case,
        ...features.map(({ feature, strength, noise }) => ({
          dataset,
          feature: feature.name,
          worth: round(strength),
          noise: round(noise),
        })),
      ],
    };
  } finally {
    table.engine.close();
    await rm(folder, { recursive: true, force: true });
  }
}
