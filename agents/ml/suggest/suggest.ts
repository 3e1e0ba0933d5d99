import type { Redundancy } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import {
  compileAssociations,
  compileCorrelations,
  readAssociations,
  readCorrelations,
} from "@muster/shared/features/associations.ts";
import { compileMatrix } from "@muster/shared/features/matrix.ts";
import type { Relation } from "@muster/shared/features/schema.ts";
import { measureTiming, type ReadableTable } from "@muster/shared/features/timing/measure-timing.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";
import { chooseFeatures, measuredOf, pairsToCompare, type Suggested } from "../suggest-features.ts";
import { candidateFeatures } from "./candidates.ts";
import { measureColumns } from "./column-stats.ts";
import { noiseOf } from "./noise.ts";
import { rankFeatures } from "./rank.ts";
import { readSample } from "./sampled.ts";
import type { Dropped, Scope } from "./scope.ts";

/** What features are suggested from; `rows`: how many there are to train on; `allowed`: columns that a person confirmed to be known in time. The problem's own table is among `tables`. */
export type SuggestSource = { tables: ReadableTable[]; rows: number; allowed?: ReadonlySet<string> } & Pick<
  Scope,
  "joins" | "roles"
>;

/** Candidates are measured on about so many training rows, whole entities by hash. */
const MOST_ROWS = 15_000;
/** Of these so many are looked at for noise and redundancy: as many as for associations. */
const MOST_SAMPLED = 12_000;
const MATRIX = "__candidates";

/**
 * Suggests typed features for a problem: proposes candidates from the columns as described one by one, measures them on
 * training rows alone, chooses and ranks. Holds one table for as long as it takes. `random` shuffles the target for noise
 * levels. Faults as of `candidateFeatures` and `chooseFeatures`.
 */
export async function suggestFeatures(
  reader: Reader,
  problem: Problem,
  source: SuggestSource,
  random: () => number,
): Promise<{ features: Suggested[]; redundant: Redundancy[]; dropped: Dropped[]; assumptions: string[] }> {
  const relationOf = ({ manifest, relation }: ReadableTable): Relation => ({ relation, columns: manifest.columns });
  const timing = await measureTiming(reader, problem, source);
  const tables = [];
  for (const table of source.tables) {
    const time = table.manifest.name === problem.dataset ? problem.time : null;
    tables.push({ manifest: table.manifest, stats: await measureColumns(reader, relationOf(table), time) });
  }
  const { candidates, dropped, assumptions } = candidateFeatures(problem, { ...source, tables }, timing);
  const own = source.tables.find((t) => t.manifest.name === problem.dataset)!;
  const share = MOST_ROWS / Math.max(1, source.rows);
  const matrix = compileMatrix(
    reader.dialect,
    problem,
    { features: candidates },
    {
      dataset: relationOf(own),
      tables: Object.fromEntries(source.tables.map((t) => [t.manifest.name, relationOf(t)])),
      sample: share < 1 ? { share, salt: "candidates" } : undefined,
    },
    "training",
  );
  return reader.withHeld(MATRIX, matrix.sql, async (held) => {
    const measured = measuredOf(candidates);
    const associations = readAssociations(measured, await held.query(compileAssociations(measured, MATRIX, problem)));
    const pairs = pairsToCompare(candidates, associations, problem);
    const correlations =
      pairs.length === 0 ? [] : readCorrelations(pairs, (await held.query(compileCorrelations(pairs, MATRIX)))[0]!);
    const { columns, target } = await readSample(held, MATRIX, measured, problem.task, MOST_SAMPLED);
    const noise = noiseOf(columns, target, random);
    const found = { associations, correlations, noise };
    const chosen = chooseFeatures(problem, candidates, found, source.allowed);
    const ranked = rankFeatures(chosen.features, new Map(columns.map((column) => [column.name, column])));
    return { ...ranked, dropped: [...dropped, ...chosen.dropped], assumptions };
  });
}
