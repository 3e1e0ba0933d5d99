import { unlink } from "node:fs/promises";
import { basename } from "node:path";
import { type Column, type DatasetPin, pinOf } from "@muster/shared/domain/dataset.ts";
import { openEngine } from "@muster/shared/warehouse/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { quoteIdent, quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import type { FeatureInput } from "../scoring/read-features.ts";
import { jsonLinesSql } from "../scoring/rows-file.ts";
import { derivedName } from "../scoring/score-columns.ts";
import { finishedSegments } from "./segments.ts";

/** What a landed log keeps at most: so many of its newest predictions, none older than so many days. */
export const keptPredictions = { rows: 200_000, days: 90 };

/** Where predictions land from and to; `featuresOf` gives the features of a deployed name, null for one that never was. */
export type Landing = {
  lake: Lake;
  folder: string;
  featuresOf: (model: string) => Promise<readonly FeatureInput[] | null>;
  now: Date;
};

/** The dataset that a model's predictions land in. */
export const predictionsDataset = (model: string): string => derivedName(model, "predictions");

const segmentColumns = [
  { name: "request", sql: "VARCHAR" },
  { name: "row", sql: "INTEGER" },
  { name: "at", sql: "TIMESTAMP" },
  { name: "model", sql: "VARCHAR" },
  { name: "version", sql: "INTEGER" },
  { name: "key", sql: "VARCHAR" },
  { name: "role", sql: "VARCHAR" },
  { name: "split", sql: "VARCHAR" },
  { name: "features", sql: "JSON" },
  { name: "prediction", sql: "VARCHAR" },
  { name: "probabilities", sql: "JSON" },
];

const turns = new Map<string, Promise<unknown>>();

/**
 * Lands the finished segments of the prediction log: a new version of `<model>_predictions` for each model in them, its
 * earlier rows and the new ones, the newest 200,000 of the last 90 days. Columns: `__at`, `__request`, `__row`,
 * `__version`, `__entity`, `__cutoff` (none), the features as the graph read them, `__prediction`, `__probabilities`
 * (JSON), `__role` and `__split` (see
 * `PredictionBatch`). Segments are deleted once every version stands; one that a crash left behind isn't landed twice. Gives the new
 * versions. Landings of one folder wait for each other.
 */
export function landPredictions(landing: Landing): Promise<DatasetPin[]> {
  const turn = (turns.get(landing.folder) ?? Promise.resolve()).then(() => land(landing));
  turns.set(
    landing.folder,
    turn.catch(() => {}),
  );
  return turn;
}

async function land(landing: Landing): Promise<DatasetPin[]> {
  const segments = await finishedSegments(landing.folder);
  if (segments.length === 0) return [];
  const landed: DatasetPin[] = [];
  for (const model of await modelsIn(segments)) {
    const pin = await landModel(landing, model, segments);
    if (pin) landed.push(pin);
  }
  for (const segment of segments) await unlink(segment);
  return landed;
}

async function modelsIn(segments: string[]): Promise<string[]> {
  const engine = await openEngine({ files: segments, memoryMb: 512, threads: 1 });
  try {
    const models = await engine.query<{ model: string }>(
      `SELECT DISTINCT model FROM ${jsonLinesSql(segments, segmentColumns)} ORDER BY 1`,
    );
    return models.map(({ model }) => model);
  } finally {
    engine.close();
  }
}

const segmentNote = "segment ";

async function landModel(landing: Landing, model: string, segments: string[]): Promise<DatasetPin | null> {
  const { lake, featuresOf, now } = landing;
  const features = await featuresOf(model);
  if (features === null) return null;
  const name = predictionsDataset(model);
  const before = await lake.newest(name);
  const known = new Set((before?.notes ?? []).filter((note) => note.startsWith(segmentNote)));
  const fresh = segments.filter((path) => !known.has(segmentNote + basename(path)));
  if (fresh.length === 0) return null;
  const added = `SELECT "at" AS __at, request AS __request, "row" AS __row, "version" AS __version, "key" AS __entity,
    CAST(NULL AS TIMESTAMP) AS __cutoff${features.map((feature) => `, ${featureSql(feature)}`).join("")},
    prediction AS __prediction, CAST(probabilities AS VARCHAR) AS __probabilities,
    coalesce("role", 'answer') AS __role, "split" AS __split
    FROM ${jsonLinesSql(fresh, segmentColumns)} WHERE model = ${quoteLiteral(model)}`;
  const rows = before ? `SELECT ${keptSql(before.columns, features)} FROM earlier UNION ALL BY NAME ${added}` : added;
  const oldest = new Date(now.getTime() - keptPredictions.days * 86_400_000).toISOString().slice(0, 23);
  const newest = `SELECT * FROM (${rows}) WHERE __at >= TIMESTAMP ${quoteLiteral(oldest)}
    ORDER BY __at DESC, __request, __row, __version LIMIT ${keptPredictions.rows}`;
  const manifest = await writeQuery(lake, {
    ...{ name, kind: "prediction_log", time: "__at", now },
    sql: `SELECT * FROM (${newest}) ORDER BY __at, __request, __row, __version`,
    inputs: before ? { earlier: pinOf(name, before.version) } : {},
    files: fresh,
    origin: `predictions of ${model}`,
    notes: segments.map((path) => segmentNote + basename(path)),
  });
  return pinOf(manifest.name, manifest.version);
}

/** A feature's value in a segment's line, by JSON pointer: names hold dots and blanks. */
function featureSql({ name, type }: FeatureInput): string {
  const pointer = quoteLiteral(`/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  const text = `json_extract_string(features, ${pointer})`;
  return `${type === "number" ? `TRY_CAST(${text} AS DOUBLE)` : text} AS ${quoteIdent(name)}`;
}

/** Earlier rows with the types of now: a feature that became a category is kept as text, one that became a number as one. */
function keptSql(columns: readonly Column[], features: readonly FeatureInput[]): string {
  const types = new Map(features.map(({ name, type }) => [name, type === "number" ? "DOUBLE" : "VARCHAR"]));
  return columns
    .map(({ name }) => {
      const type = types.get(name);
      return type ? `TRY_CAST(${quoteIdent(name)} AS ${type}) AS ${quoteIdent(name)}` : quoteIdent(name);
    })
    .join(", ");
}
