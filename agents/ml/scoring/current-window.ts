import { type DatasetPin, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { openPins } from "@muster/shared/warehouse/write-query.ts";
import { predictionsDataset } from "../serving/landing.ts";
import type { ServingPackage } from "../serving/package.ts";
import { newFeatures } from "./newest-features.ts";
import { type Change, changesOf } from "./open-newest.ts";
import { type FeatureRows, readFeatures } from "./read-features.ts";
import { sampleMatrix } from "./read-matrix.ts";

/** The rows that a deployment meets now: what they are called, the version or hash they are named by, what they are read from, what looks broken. */
export type CurrentWindow = { name: string; key: string; pins: DatasetPin[]; rows: FeatureRows; broken: string[] };

/** Where to look for the current rows of a deployment. */
export type CurrentSource = {
  lake: Lake;
  served: ServingPackage;
  /** When the live version went live (ISO 8601): earlier predictions are another's. */
  since: string;
  /** The newest scoring features of the view. */
  scoring: DatasetPin;
  /** Fewer predictions than this can't tell; then what else there is is looked at first. */
  leastRows: number;
  mostRows: number;
};

/**
 * The current rows. A problem with cutoffs looks at the newest data where a source has a newer version than the deployment
 * was built on; else, and for flat tables first, at the predictions since the version went live. Too few of them give way
 * to a newer version of the flat table; without either the newest scoring features are looked at.
 */
export async function currentWindow(source: CurrentSource): Promise<CurrentWindow> {
  const { lake, served, leastRows } = source;
  const changes = await changesOf(lake, served.scope);
  const changed = changes.some(({ deployed, now }) => deployed !== now);
  if (changed && served.problem.label.kind !== "column") return changedWindow(source, changes);
  const logged = await loggedWindow(source);
  if (logged && logged.rows.rows >= leastRows) return logged;
  if (changed) return changedWindow(source, changes);
  if (logged && logged.rows.rows > 0) return logged;
  return matrixWindow(source, source.scoring);
}

/**
 * The rows of a named dataset version: a version of one of the scope's tables (the others as deployed), or a dataset that
 * holds every feature the model reads. `invalid_input` for any other.
 */
export async function namedWindow(source: CurrentSource, pin: DatasetPin): Promise<CurrentWindow> {
  const { lake, served } = source;
  const { name } = parseDatasetRef(pin);
  const scope = served.scope.map((deployed) => ({ name: parseDatasetRef(deployed).name, deployed, now: deployed }));
  if (scope.some((table) => table.name === name))
    return changedWindow(
      source,
      scope.map((table) => (table.name === name ? { ...table, now: pin } : table)),
    );
  const held = new Set((await lake.manifest(pin)).columns.map((column) => column.name));
  const lacking = ["__entity", ...served.features.map((feature) => feature.name)].filter((column) => !held.has(column));
  if (lacking.length > 0)
    throw fault(
      "invalid_input",
      `${name} can't be compared: it lacks ${lacking.slice(0, 5).join(", ")}; name a version of one of the deployment's tables, of its features or of its predictions`,
    );
  return held.has("__row") && held.has("__label") ? matrixWindow(source, pin) : logWindow(source, pin, null);
}

async function changedWindow({ lake, served, mostRows }: CurrentSource, changes: readonly Change[]) {
  const { rows, cutoff, hash, broken } = await newFeatures(lake, served, changes, mostRows);
  const at = cutoff === null ? "" : ` at ${cutoff}`;
  const pins = changes.map(({ now }) => now);
  const name = `features of ${served.name} on the newest data${at} (${hash.slice(0, 12)})`;
  return { name, key: hash, pins, rows, broken };
}

async function loggedWindow(source: CurrentSource): Promise<CurrentWindow | null> {
  const manifest = await source.lake.newest(predictionsDataset(source.served.name));
  return manifest && logWindow(source, `${manifest.name}@${manifest.version}`, source.since);
}

async function logWindow(
  { lake, served, mostRows }: CurrentSource,
  pin: DatasetPin,
  since: string | null,
): Promise<CurrentWindow> {
  const engine = await openPins(lake, { log: pin });
  try {
    const newest = `__at >= CAST(${quoteLiteral((since ?? "").slice(0, 23).replace("Z", ""))} AS TIMESTAMP)`;
    const where = since === null ? undefined : `__version = ${served.version} AND ${newest}`;
    const order = "__at DESC, __request, __row";
    const rows = await readFeatures(engine, served.features, { relation: "log", where, order, limit: mostRows });
    return { name: pin, key: pin, pins: [pin], rows, broken: [] };
  } finally {
    engine.close();
  }
}

const matrixWindow = async ({ lake, served, mostRows }: CurrentSource, pin: DatasetPin): Promise<CurrentWindow> => ({
  ...{ name: pin, key: pin, pins: [pin], broken: [] },
  rows: await sampleMatrix(lake, pin, served.features, mostRows),
});
