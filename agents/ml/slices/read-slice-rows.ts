import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import type { FeatureView } from "@muster/shared/domain/feature.ts";
import { type Leakage, refusedColumns } from "@muster/shared/domain/leakage.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { leakOf } from "@muster/shared/features/associations.ts";
import { valueType } from "@muster/shared/features/kinds.ts";
import { compileMatrix } from "@muster/shared/features/matrix.ts";
import { isPast } from "@muster/shared/features/past.ts";
import type { Relation } from "@muster/shared/features/schema.ts";
import { measureTiming, type ReadableTable } from "@muster/shared/features/timing/measure-timing.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { rocAuc } from "@muster/shared/stats/metrics.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { withQueryFile } from "@muster/shared/warehouse/with-query-file.ts";
import type { Labels } from "../labels.ts";
import type { FeatureColumn } from "../matrix.ts";
import { positiveOf } from "../positive.ts";
import { candidateFeatures } from "../suggest/candidates.ts";
import { measureColumns } from "../suggest/column-stats.ts";
import { joinsFrom } from "../suggest/joins.ts";
import type { ScopeTable } from "../suggest/scope.ts";
import { auditColumns } from "../training/audit-columns.ts";
import { readTrainingSet } from "../training/read-training-set.ts";
import { type Beside, besideOf, personalColumn } from "./beside.ts";
import type { SliceColumn } from "./find-slices.ts";
import { probesOf } from "./probes.ts";

/** What a run was trained for and from; what of its tables may be read. */
export type TrainedOn = {
  lake: Lake;
  threads: number;
  seed: number;
  problem: Problem;
  scope: FactValue<"scope.pinned">;
  cleared: FactValue<"training.cleared">;
  leakage: Leakage;
  view: FeatureView;
  run: Pick<FactValue<"run.finished">, "task" | "features" | "dropped">;
};

/** The training rows as slices are looked for in them. `group`: a dense index of what an event log's rows belong to; null without one. */
export type SliceRows = {
  columns: SliceColumn[];
  row: Float64Array;
  labels: Labels;
  entity: string[] | null;
  group: Float64Array | null;
  time: Float64Array | null;
  leftOut: { name: string; reason: string }[];
};

const limits = (threads: number) => ({ threads, memoryMb: 2048, timeLimitMs: 600_000 });
const groupColumn = "__group";
/** What wasn't looked at is listed up to here. */
const mostLeftOut = 200;

type Tables = { readable: ReadableTable[]; own: DatasetManifest; relations: Record<string, Relation> };

/**
 * The cleared tables as the matrix was made from them: relations of the readable columns, protected attributes of the own
 * table beside. Of `readable` the leaking columns are taken away too: nothing is suggested from them.
 */
async function tablesOf({ lake, problem, cleared, leakage }: TrainedOn): Promise<Tables> {
  const refused = refusedColumns(leakage);
  const found: Tables = { readable: [], own: undefined as never, relations: {} };
  for (const pin of cleared.datasets) {
    const manifest = await lake.manifest(pin);
    const { name } = manifest;
    const entry = (column: string) => cleared.columns[`${name}.${column}`];
    const reads = (column: string) => {
      const one = entry(column);
      return one !== undefined && (one.role === "feature" || one.role === "key" || one.use !== null);
    };
    const columns = manifest.columns.filter((column) => reads(column.name));
    const beside = manifest.columns.filter((column) => !reads(column.name) && entry(column.name)?.compared != null);
    found.relations[name] = { relation: name, columns, beside };
    const known = columns.filter((column) => !refused.has(`${name}.${column.name}`));
    found.readable.push({ manifest: { ...manifest, columns: known }, relation: name });
    if (name === problem.dataset) found.own = manifest;
  }
  if (!found.relations[problem.dataset])
    throw fault("denied", `the table ${problem.dataset} was not cleared; see npx muster audit why`);
  return found;
}

/** What conditions may be looked for in beside the model's features, by the rules that features are suggested by. */
async function lookBeside(source: TrainedOn, { readable, own }: Tables) {
  const { lake, threads, problem, scope, cleared, leakage, view } = source;
  const joins = joinsFrom(problem.dataset, scope.joins);
  const roles = Object.fromEntries(Object.entries(cleared.columns).map(([name, { role }]) => [name, role]));
  return withPins(lake, cleared.datasets, limits(threads), async (reader) => {
    const timing = await measureTiming(reader, problem, { tables: readable, joins });
    const tables: ScopeTable[] = [];
    for (const { manifest, relation } of readable) {
      const stats = await measureColumns(reader, { relation, columns: manifest.columns });
      tables.push({ manifest, stats });
    }
    const { candidates, dropped } = candidateFeatures(problem, { tables, joins, roles }, timing);
    const timestamps = readable.flatMap(({ manifest }) =>
      manifest.columns.filter(({ type }) => type === "timestamp").map(({ name }) => `${manifest.name}.${name}`),
    );
    const pairs = ({ table, key }: { table: string; key: string }) => {
      const found = tables.find(({ manifest }) => manifest.name === table);
      return found ? found.manifest.rows ** 2 / Math.max(1, found.stats[key]?.distinct ?? 1) / 2 : 0;
    };
    const probes = probesOf(problem, candidates, { timestamps: new Set(timestamps), pairs });
    const past = probes.find(({ feature }) => isPast(feature, problem))?.feature;
    const group = past && "localKey" in past ? past.localKey : null;
    const found = besideOf(problem, view.features, candidates, probes, cleared, own);
    const leaks = [...refusedColumns(leakage).values()].map(({ column, reason }) => ({ name: column, reason }));
    const unread = dropped.map(({ name, reason }) => ({ name, reason }));
    return { ...found, leftOut: [...leaks, ...found.leftOut, ...unread], group };
  });
}

/**
 * Reads the training rows of a run with everything that slices may be looked for in: the model's features, what it doesn't
 * read, and probes as of each row's cutoff, compiled like a matrix from the pinned tables. In the order of the training
 * file. What tells the label by itself, names rows or holds nothing is left out, as it was for training.
 */
export async function readSliceRows(source: TrainedOn): Promise<SliceRows> {
  const { lake, threads, problem, cleared, view, run } = source;
  const tables = await tablesOf(source);
  const { beside, leftOut, group } = await lookBeside(source, tables);
  const features = [...view.features, ...beside.map(({ feature }) => feature)];
  const own = tables.relations[problem.dataset]!;
  const key = group === null ? null : { kind: "column" as const, name: uniqueName(features), column: group };
  const type = key && own.columns.find(({ name }) => name === key.column)!.type;
  const compiled = await withPins(lake, cleared.datasets, limits(threads), async ({ dialect }) =>
    compileMatrix(
      dialect,
      problem,
      { features: key ? [...features, { ...key, type: type! }] : features },
      { dataset: own, tables: tables.relations },
      "training",
    ),
  );
  const grouped = key
    ? `SELECT m.*, CASE WHEN ${quoteIdent(key.name)} IS NOT NULL THEN CAST(dense_rank() OVER (ORDER BY ${quoteIdent(key.name)}) AS DOUBLE PRECISION) END AS ${groupColumn} FROM (${compiled.sql}) m ORDER BY __row`
    : compiled.sql;
  const typed = features.map((feature) => ({ name: feature.name, type: valueType(feature) }));
  const query = { inputs: cleared.datasets, sql: grouped, limits: limits(threads) };
  const set = await withQueryFile(lake, query, (file) =>
    readTrainingSet({
      ...{ file, task: run.task, positive: positiveOf(problem), time: null, threads, memoryMb: 2048 },
      features: key ? [...typed, { name: groupColumn, type: "number" }] : typed,
    }),
  );
  const told = new Map(beside.map((one) => [one.feature.name, one]));
  const columns = set.columns.flatMap((column): SliceColumn[] => {
    if (column.name === groupColumn) return [];
    const other = told.get(column.name);
    if (other) return [sliceColumn(column, other)];
    const feature = view.features.find(({ name }) => name === column.name)!;
    const personal = personalColumn(feature, problem.dataset, cleared);
    if (personal !== null || !run.features.includes(column.name)) {
      const reason = run.dropped.find(({ name }) => name === column.name)?.reason ?? "the model doesn't read it";
      leftOut.push({ name: column.name, reason: personal === null ? reason : `${personal} is personal data` });
      return [];
    }
    return [{ column, from: "feature", said: column.name, times: 1, features: [] }];
  });
  const { kept, bad } = usable(columns, set.labels, source.seed);
  return {
    ...{ columns: kept, row: set.row, labels: set.labels, entity: set.entity, time: set.time },
    group: key && (set.columns.find(({ name }) => name === groupColumn)!.values as Float64Array),
    leftOut: once([...leftOut, ...bad]).slice(0, mostLeftOut),
  };
}

const sliceColumn = (
  column: FeatureColumn,
  { from, said, times, learnable, leastRows, feature }: Beside,
): SliceColumn => ({
  ...{ column, from, said, times, leastRows },
  features: learnable ? [feature] : [],
});

/** Each name with the first reason. */
const once = (list: readonly { name: string; reason: string }[]) =>
  [...new Map([...list].reverse().map((one) => [one.name, one])).values()].reverse();

function uniqueName(features: readonly { name: string }[]): string {
  const taken = new Set(features.map(({ name }) => name.toLowerCase()));
  let name = "group of rows";
  while (taken.has(name)) name += " too";
  return name;
}

/** What the model doesn't read is held to what training holds its features to: no constants, ids or answers. */
function usable(columns: readonly SliceColumn[], labels: Labels, seed: number) {
  const others = columns.filter(({ from }) => from !== "feature");
  const { dropped } = auditColumns(
    others.map(({ column }) => column),
    labels,
    seededRandom(seed),
  );
  const reasons = new Map(dropped.map(({ column, message }) => [column, message]));
  for (const { column } of others) {
    const reason = tellsLabel(column, labels);
    if (reason !== null && !reasons.has(column.name)) reasons.set(column.name, reason);
  }
  const bad = [...reasons].map(([name, reason]) => ({ name, reason }));
  return { kept: columns.filter(({ column }) => !reasons.has(column.name)), bad };
}

/** Why a number alone tells a yes from a no, by the measure that suggested features are held to; null where it doesn't. */
function tellsLabel({ name, type, values }: FeatureColumn, labels: Labels): string | null {
  if (type !== "number" || labels.task !== "binary") return null;
  const rows = Array.from(values.keys()).filter((row) => !Number.isNaN(values[row]!));
  const own = Float64Array.from(rows, (row) => labels.values[row]!);
  if (own.every((label) => label === own[0])) return null;
  const rank = rocAuc(
    own,
    Float64Array.from(rows, (row) => values[row]!),
  );
  const missing = values.length - rows.length;
  const association = { name, rows: values.length, missing, distinct: 2, rank, information: 0 };
  return leakOf("binary", association)?.reason ?? null;
}
