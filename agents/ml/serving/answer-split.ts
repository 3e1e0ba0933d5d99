import type { LoadedModel, ScoredRows } from "./loaded-model.ts";
import type { PredictionBatch, PredictionRole } from "./prediction-log.ts";
import type { ServedModel } from "./served-model.ts";
import { type Split, sideOf } from "./split.ts";
import type { RawTable } from "./table.ts";

/** Which version answered each row, and whether it may be acted on (the control share may not). */
export type Sides = { versions: number[]; actedOn: boolean[] };

/** A version's part of a request: the rows it scored, by their place in the request, and how long that took. */
export type Part = { model: LoadedModel; places: Int32Array; scored: ScoredRows; seconds: number };

/** What scores a part; a fault of a version beside the live one is told here and its rows go to the live one. */
export type Scorer = {
  score: (model: LoadedModel, places: Int32Array) => Promise<Part>;
  failed: (served: ServedModel, error: unknown) => void;
};

/**
 * Scores a request whose traffic is split: each row by the version that its entity falls to, all in the request's order. A
 * version that fails costs no caller an answer: the live one answers its rows, and is the version named for them.
 */
export async function scoreSplit(
  table: RawTable,
  live: LoadedModel,
  beside: { split: Split; models: ReadonlyMap<number, LoadedModel> },
  { score, failed }: Scorer,
): Promise<{ scored: ScoredRows; parts: Part[]; sides: Sides }> {
  const sides = Array.from({ length: table.rows }, (_, row) => sideOf(beside.split, table.keys?.[row] ?? null));
  const places = (version: number | null) =>
    Int32Array.from(sides.flatMap((side, row) => ((side.version ?? null) === version ? [row] : [])));
  const parts: Part[] = [];
  const left: Int32Array[] = [places(null)];
  for (const { version } of beside.split.arms) {
    const model = beside.models.get(version);
    const own = places(version);
    if (own.length === 0) continue;
    if (!model) {
      // It has lost its traffic.
      left.push(own);
      continue;
    }
    try {
      parts.push(await score(model, own));
    } catch (error) {
      failed(model.served, error);
      left.push(own);
    }
  }
  const rest = Int32Array.from(left.flatMap((rows) => [...rows])).sort();
  if (rest.length > 0) parts.unshift(await score(live, rest));
  const versions = new Array<number>(table.rows).fill(live.served.version);
  for (const part of parts) for (const row of part.places) versions[row] = part.model.served.version;
  return {
    ...{ scored: merged(table.rows, parts), parts },
    sides: { versions, actedOn: sides.map(({ control }) => !control) },
  };
}

/** Rows of a table as a version takes them: its own raw columns only. */
export const partOf = (table: RawTable, rows: Int32Array, { input }: Pick<ServedModel, "input">): RawTable => ({
  rows: rows.length,
  columns: new Map(
    input.columns.flatMap(({ name }) => {
      const values = table.columns.get(name);
      return values ? [[name, Array.from(rows, (row) => values[row]!)] as const] : [];
    }),
  ),
  keys: table.keys && Array.from(rows, (row) => table.keys![row]!),
});

/** Ends of intervals that nobody gave yet: what a version that gives none leaves missing. */
export const noEnds = (rows: number): NonNullable<ScoredRows["ends"]> => ({
  low: new Float64Array(rows).fill(Number.NaN),
  high: new Float64Array(rows).fill(Number.NaN),
});

function merged(rows: number, parts: readonly Part[]): ScoredRows {
  const [first] = parts as [Part, ...Part[]];
  if (parts.length === 1) return first.scored;
  const width = first.scored.probabilities ? first.scored.probabilities.length / first.scored.rows : 0;
  const scored: ScoredRows = {
    ...{ rows, predictions: new Array(rows), features: first.scored.features },
    probabilities: first.scored.probabilities && new Float32Array(rows * width),
    ends: parts.some((part) => part.scored.ends) ? noEnds(rows) : null,
    featuresAsOf: parts.flatMap((part) => part.scored.featuresAsOf ?? []).sort()[0] ?? null,
  };
  for (const { places, scored: own } of parts)
    for (const [i, row] of places.entries()) {
      scored.predictions[row] = own.predictions[i]!;
      for (const side of ["low", "high"] as const)
        if (scored.ends && own.ends) scored.ends[side][row] = own.ends[side][i]!;
      scored.probabilities?.set(own.probabilities!.subarray(i * width, (i + 1) * width), row * width);
    }
  return scored;
}

/** What the log keeps of a part: the request's own places, and how each row was used. */
export function loggedPart(
  request: Pick<PredictionBatch, "request" | "at" | "split">,
  { model, places, scored }: Part,
  table: RawTable,
  roles: readonly PredictionRole[] | PredictionRole,
): PredictionBatch {
  const { name, version, output } = model.served;
  const { predictions, probabilities, features, rows } = scored;
  return {
    ...{ ...request, model: name, version, rows, places, roles, features, predictions, probabilities },
    ...{ keys: table.keys && Array.from(places, (row) => table.keys![row]!), classes: output.classes },
  };
}
