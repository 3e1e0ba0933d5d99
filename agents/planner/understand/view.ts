import type { ColumnType } from "@muster/shared/domain/dataset.ts";
import type { LabelRule } from "@muster/shared/domain/problem.ts";

/** A column as a request is understood against it: `distinct` and `classes` are counts, `nulls` rows; null or absent where unknown. */
export type ColumnView = {
  name: string;
  type: ColumnType;
  distinct?: number | null;
  unique?: boolean;
  nulls?: number;
  classes?: number | null;
};

/** A dataset as a request is understood against it. `range`: first and last event time, ISO 8601. */
export type DatasetView = {
  name: string;
  kind: string;
  rows: number;
  columns: ColumnView[];
  time: string | null;
  arrived: string | null;
  range: { from: string; to: string } | null;
};

/**
 * A deployment by name, with the label's table and the target it stands for, the columns and the suggested features (`exclude`) that its
 * model was to leave out. `problem`: what it answers, with the kind of its label and the columns that it speaks of;
 * `changed`: tables that it was made of and that have newer versions.
 */
export type DeploymentView = {
  name: string;
  dataset: string;
  target: string;
  problem?: { hash: string; kind: LabelRule["kind"]; columns: string[] };
  exclusions?: string[];
  exclude?: string[];
  changed?: string[];
};

/** What a request is understood against: names, types and counts; never a value. */
export type CatalogView = { datasets: DatasetView[]; deployments: DeploymentView[] };

/** The datasets that people loaded; what the swarm wrote itself is never predicted from words. */
export const sources = (catalog: CatalogView): DatasetView[] =>
  catalog.datasets.filter((dataset) => dataset.kind === "source");
