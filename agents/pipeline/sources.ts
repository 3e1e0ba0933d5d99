import { type DatasetManifest, type DatasetPin, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Relation } from "@muster/shared/features/schema.ts";
import type { Dialect } from "@muster/shared/warehouse/dialect.ts";
import { dialectOf } from "@muster/shared/warehouse/dialect-of.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";

/**
 * The tables that a clearance leaves to a problem: relations by name with the cleared columns, what their manifests say of
 * these, and their pins.
 */
export type Sources = {
  dataset: Relation;
  tables: Record<string, Relation>;
  dated: Record<string, DatasetManifest>;
  pins: DatasetPin[];
  /** Of the engine that reads them. */
  dialect: Dialect;
};

type Cleared = FactValue<"training.cleared">;

/** Whether a column may be read at all: as a feature or key, as the label, or to know what was known when. */
const readable = (cleared: Cleared, name: string): boolean => {
  const column = cleared.columns[name];
  return column !== undefined && (column.role === "feature" || column.role === "key" || column.use !== null);
};

/** The sources of a problem after clearance: a table or column that wasn't cleared isn't there for any compiler to find. */
export async function clearedSources(lake: Lake, dataset: string, cleared: Cleared): Promise<Sources> {
  const tables: Record<string, Relation> = {};
  const dated: Record<string, DatasetManifest> = {};
  for (const pin of cleared.datasets) {
    const { name } = parseDatasetRef(pin);
    const manifest = await lake.manifest(pin);
    const columns = manifest.columns.filter((column) => readable(cleared, `${name}.${column.name}`));
    tables[name] = { relation: name, columns };
    dated[name] = { ...manifest, columns };
  }
  const own = tables[dataset];
  if (!own) throw fault("denied", `the table ${dataset} was not cleared; see npx muster audit why`, { dataset });
  const dialect = await dialectOf(lake, cleared.datasets);
  return { dataset: own, tables, dated, pins: [...cleared.datasets], dialect };
}
