import { z } from "zod";

/** The storage types of a lake column; every source type is mapped onto one of these. */
export const ColumnType = z.enum(["boolean", "integer", "number", "text", "date", "timestamp"]);
export type ColumnType = z.infer<typeof ColumnType>;

/** A column of a dataset version: its name as the source spells it and its storage type. */
export const Column = z.object({ name: z.string().min(1), type: ColumnType });
export type Column = z.infer<typeof Column>;

/** The name of a dataset: lower-case slug, unique in the catalog. */
export const DatasetName = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/);

/** SHA-256 (hex) over schema and values in row order. */
export const DatasetVersion = z.string().regex(/^[0-9a-f]{64}$/);

/** `name@version`: one immutable dataset version; what receipts are about. */
export const DatasetPin = z.string().regex(/^[a-z][a-z0-9_]{0,62}@[0-9a-f]{64}$/);
export type DatasetPin = z.infer<typeof DatasetPin>;

/** `name` (the newest version is meant) or `name@version`. The serving side of the bus turns a name into a pin. */
export const DatasetRef = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}(@[0-9a-f]{64})?$/)
  .meta({ muster: "dataset" });
export type DatasetRef = z.infer<typeof DatasetRef>;

/** Splits a reference into its name and, where it is pinned, its version. */
export function parseDatasetRef(ref: string): { name: string; version: string | null } {
  const at = ref.indexOf("@");
  return at < 0 ? { name: ref, version: null } : { name: ref.slice(0, at), version: ref.slice(at + 1) };
}

/** Writes a pin from its parts. */
export const pinOf = (name: string, version: string): DatasetPin => `${name}@${version}`;

/**
 * Where the rows of a version stand when they stay in a warehouse: which connection, which table, and how the source types
 * its columns. Such a version is SHA-256 over the table's schema and a checksum of its rows computed by the warehouse.
 */
export const DatasetPlace = z.object({
  source: DatasetName,
  schema: z.string().min(1),
  table: z.string().min(1),
  types: z.record(z.string(), z.string()),
});
export type DatasetPlace = z.infer<typeof DatasetPlace>;

/**
 * What the lake's manifest says of one dataset version.
 * `time` is the column of the event time, `arrived` of the arrival time (null where there is none);
 * both are declared at load or found by name and type, and `declared` says which.
 * `kind` keeps what people loaded apart from what the swarm wrote (labels, features, scores, prediction logs, outcomes).
 */
export const DatasetManifest = z.object({
  name: DatasetName,
  version: DatasetVersion,
  kind: z.enum(["source", "labels", "features", "scores", "prediction_log", "outcomes"]),
  rows: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
  columns: z.array(Column),
  time: z.string().nullable(),
  arrived: z.string().nullable(),
  declared: z.array(z.enum(["time", "arrived"])),
  origin: z.string(),
  writtenAt: z.iso.datetime(),
  previous: DatasetVersion.nullable(),
  /** What ingest had to assume ("dates of `x` read month first"), in sentences without cell values. */
  notes: z.array(z.string()).default([]),
  /** Absent: the rows are a Parquet snapshot of the lake. */
  place: DatasetPlace.optional(),
});
export type DatasetManifest = z.infer<typeof DatasetManifest>;
