import type { Evidence } from "@muster/bus/evidence.ts";
import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { sampleMatrix } from "../scoring/read-matrix.ts";
import type { ServingPackage } from "./package.ts";
import { type FeatureValue, type ScoringFeatures, scoringFeatures } from "./served-model.ts";

/** The newest scoring features of a package's view, by the receipts that still stand; null without one. */
export async function newestScoring(
  evidence: Evidence,
  { problem, view }: Pick<ServingPackage, "problem" | "view">,
): Promise<FactValue<"features.materialized"> | null> {
  const receipts = await evidence.standing("features.materialized", { problem: problem.hash, view: view.hash });
  const scoring = receipts.find(({ about, verdict }) => about.scoring !== undefined && verdict === "passed");
  return scoring ? evidence.value<"features.materialized">(scoring) : null;
}

/** Entities that are held in memory at most. */
const mostEntities = 2_000_000;

/**
 * The looked-up features of a package from materialized scoring features, held in memory by entity key. Their time is the
 * cutoff they were computed at; without cutoffs the newest event of the data, else when they were written.
 */
export async function readLookup(
  lake: Lake,
  { lookup, features, problem, name }: Pick<ServingPackage, "lookup" | "features" | "problem" | "name">,
  scoring: { dataset: DatasetPin; asOf: string | null },
): Promise<ScoringFeatures | null> {
  if (lookup === null) return null;
  const manifest = await lake.manifest(scoring.dataset);
  if (manifest.rows > mostEntities)
    throw fault("unfit", `${name} looks up ${manifest.rows} entities; at most ${mostEntities} are held in memory`);
  const wanted = features.filter((feature) => lookup.includes(feature.name));
  const { rows, entity, columns } = await sampleMatrix(lake, scoring.dataset, wanted, mostEntities);
  const held = new Map<string, readonly FeatureValue[]>();
  for (let row = 0; row < rows; row++) {
    const key = entity[row];
    if (key === null || key === undefined) continue;
    const cells = columns.map(({ values }) => values[row]!);
    held.set(
      key,
      cells.map((cell) => (cell === "" || Number.isNaN(cell) ? null : cell)),
    );
  }
  const asOf = scoring.asOf ?? problem.now ?? manifest.writtenAt;
  return scoringFeatures(
    new Date(asOf).toISOString(),
    wanted.map((feature) => feature.name),
    held,
  );
}
