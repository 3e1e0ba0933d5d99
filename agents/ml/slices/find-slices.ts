import type { Feature } from "@muster/shared/domain/feature.ts";
import type { ErrorKind, Slice, SliceSource } from "@muster/shared/domain/slice.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { holm } from "@muster/shared/stats/correction.ts";
import type { FeatureColumn } from "../matrix.ts";
import { type CodedColumn, codeColumn, conditionOf } from "./code-column.ts";
import { compareInside, type Difference } from "./confirm.ts";
import type { RowErrors } from "./errors.ts";
import { type Clusters, discoveryHalf } from "./halves.ts";
import { type Candidate, type SearchLimits, searchSlices, within } from "./search.ts";
import type { Said } from "./words.ts";

/**
 * A column that conditions may name, a value per row, called in sentences as it is `said`. `features`: the typed features it
 * stands on, where the model doesn't read it and could; `leastRows`: below so many rows none of its groups is told.
 */
export type SliceColumn = Said & {
  column: FeatureColumn;
  from: SliceSource;
  features: Feature[];
  leastRows?: number;
};

/** Everything about a slice but its words. */
export type FoundSlice = Omit<Slice, "words">;

/** A slice is told from so many errors on, over all rows; a third of them at least have to be where it is confirmed. */
export const LEAST_ERRORS = 30;
/** The chance of any false slice among those told, as corrected. */
export const ALPHA = 0.01;
/** How many times the errors elsewhere, or those that were expected, a slice has to have to be worth telling. */
const leastRatio = 1.2;
/** Slices that share more of their rows than this are one. */
const sameShare = 0.5;
const search: SearchLimits = { rows: 20, errors: 10, conditions: 3, beam: 24, slices: 6 };

/**
 * Finds slices on one half of the rows (whole clusters) and confirms them on the other. Looks for errors above what the
 * model's own probabilities lead to expect, by each kind, and for those that are merely more frequent. Of slices that are
 * mostly the same rows the strongest is put to the test; one that overlaps with stronger ones has to hold without them too.
 * Told are those that hold by Holm over everything tested at 1 %, have 30 errors and a rate 1.2 times that elsewhere, the
 * highest score first; `hard` are those that nothing shows to go beyond what the model expects. `tested`: how many were.
 */
export async function findSlices(
  columns: readonly SliceColumn[],
  errors: readonly RowErrors[],
  clusters: Clusters,
  seed: number,
  breathe: () => Promise<unknown>,
): Promise<{ slices: FoundSlice[]; hard: FoundSlice[]; tested: number; discovery: number }> {
  const rows = clusters.of.length;
  const wrong = errors[0]!.happened;
  const discovery = discoveryHalf(clusters, wrong, seededRandom(seed));
  const searched = Int32Array.from(Array.from({ length: rows }, (_, i) => i).filter((i) => discovery[i] === 1));
  const kept = Int32Array.from(Array.from({ length: rows }, (_, i) => i).filter((i) => discovery[i] === 0));
  const none = { slices: [], hard: [], tested: 0, discovery: searched.length };
  if (total(wrong) < LEAST_ERRORS) return none;
  const coded = columns.map(({ column, from, leastRows }) => codeColumn(column, from, { discovery, wrong, leastRows }));
  const everyRow = Int32Array.from({ length: rows }, (_, i) => i);
  const found: Extent[] = [];
  for (const lens of lensesOf(errors)) {
    const slices = await searchSlices(coded, { rows: searched, ...lens.field }, { ...search, ...lens.limits }, breathe);
    for (const candidate of slices)
      found.push({ ...extentOf(coded, candidate, lens.errors, everyRow), surplus: lens.surplus });
  }
  const candidates: Tested[] = [];
  const covered = new Uint8Array(rows);
  for (const extent of distinct(found)) {
    // What a slice shares with stronger ones is theirs to explain.
    const own = kept.filter((row) => covered[row] === 0);
    const confirmed = confirm(extent, kept, own, clusters.of);
    if (confirmed !== null) candidates.push({ ...extent, confirmed, own });
    for (let i = 0; i < rows; i++) if (extent.inside[i] === 1) covered[i] = 1;
  }
  const adjusted = holm(candidates.map(({ confirmed }) => confirmed.pValue));
  const beyond = beyondExpected(candidates, clusters.of);
  const told = candidates
    .map((one, i) => ({
      one,
      slice: sliceOf(columns, coded, one, { kept, adjusted: adjusted[i]!, known: beyond[i]! }),
    }))
    .filter(({ slice }) => worthTelling(slice))
    .map(({ slice }) => slice);
  const [slices, hard] = [told.filter(({ known }) => known !== true), told.filter(({ known }) => known === true)];
  return { ...none, slices, hard, tested: candidates.length };
}

/** A candidate with its rows in full, those that stronger ones took before it among them; `surplus`: found by what the model doesn't expect. */
type Extent = Candidate & { of: RowErrors; inside: Uint8Array; surplus: boolean };
/** One that was put to the test; `own`: the rows to confirm it on that no stronger one takes. */
type Tested = Extent & { confirmed: Difference; own: Int32Array };

/** What errors are held against, and how many slices are looked for that way. */
function lensesOf(errors: readonly RowErrors[]) {
  return errors.flatMap((one) => {
    const { happened, expected } = one;
    const rate = total(happened) / Math.max(1, happened.length);
    const even = { happened, weight: new Float64Array(happened.length).fill(rate) };
    const plain = {
      errors: one,
      surplus: false,
      field: even,
      limits: { slices: expected === null ? search.slices : 3 },
    };
    if (expected === null) return [plain];
    const mistaken = { errors: one, surplus: true, field: { happened, weight: expected }, limits: {} };
    return one.kind === "wrong" ? [mistaken, plain] : [mistaken];
  });
}

const total = (flags: Uint8Array): number => flags.reduce((sum, flag) => sum + flag, 0);

function extentOf(
  coded: readonly CodedColumn[],
  candidate: Candidate,
  of: RowErrors,
  every: Int32Array,
): Omit<Extent, "surplus"> {
  const taken = candidate.conditions.reduce((rows, one) => within(coded, rows, one), every);
  const inside = new Uint8Array(every.length);
  for (const row of taken) inside[row] = 1;
  return { ...candidate, of, inside };
}

/** Of two that are as strong, what was served wrongly says more than what was told as likely. */
const servedKinds = new Set<ErrorKind>(["wrong", "missed", "false_alarm"]);

/** The candidates by score, those beyond what was expected first, without those that are mostly the rows of a better one. */
function distinct(found: readonly Extent[]): Extent[] {
  const kept: Extent[] = [];
  const strength = ({ score, of }: Extent) => (servedKinds.has(of.kind) ? score : 0.95 * score);
  for (const one of [...found].sort((a, b) => Number(b.surplus) - Number(a.surplus) || strength(b) - strength(a)))
    if (!kept.some((other) => jaccard(one.inside, other.inside) >= sameShare)) kept.push(one);
  return kept;
}

/** The rows that two sets share, as a share of those in either. */
export function jaccard(a: Uint8Array, b: Uint8Array): number {
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    both += a[i]! & b[i]!;
    either += a[i]! | b[i]!;
  }
  return either === 0 ? 0 : both / either;
}

/** The difference on rows that weren't searched; where some of them are of stronger slices, the weaker proof of it with and without these. */
function confirm(extent: Extent, kept: Int32Array, own: Int32Array, clusters: Int32Array): Difference | null {
  const whole = compareInside(kept, extent.inside, extent.of.happened, clusters);
  if (whole === null || own.length === kept.length) return whole;
  const alone = compareInside(own, extent.inside, extent.of.happened, clusters);
  // Nothing of its own: it is the stronger ones over again.
  if (alone === null || alone.value <= 0) return null;
  return { ...whole, pValue: Math.max(whole.pValue, alone.pValue) };
}

/**
 * Of each candidate whether nothing shows that it goes beyond what the model expects (by Holm at 1 %, and 1.2 times as much at
 * least); null where the model says nothing.
 */
function beyondExpected(candidates: readonly Tested[], clusters: Int32Array): (boolean | null)[] {
  const compared = candidates.map(({ of, inside, own }) => {
    if (of.expected === null) return null;
    const surplus = of.expected.map((chance, i) => of.happened[i]! - chance);
    return compareInside(own, inside, surplus, clusters);
  });
  const adjusted = holm(compared.map((one) => (one !== null && one.value > 0 ? one.pValue : 1)));
  return candidates.map(({ of, inside, own }, i) => {
    if (of.expected === null) return null;
    let [happened, expected] = [0, 0];
    for (const row of own)
      if (inside[row] === 1) {
        happened += of.happened[row]!;
        expected += of.expected[row]!;
      }
    return adjusted[i]! > ALPHA || happened < leastRatio * expected;
  });
}

function sliceOf(
  columns: readonly SliceColumn[],
  coded: readonly CodedColumn[],
  { conditions, of, inside, confirmed }: Tested,
  { kept, adjusted, known }: { kept: Int32Array; adjusted: number; known: boolean | null },
): FoundSlice {
  const { kind, happened, could, expected } = of;
  const all = countsOf(inside, happened, could, null);
  const apart = countsOf(inside, happened, could, kept);
  let chance = 0;
  if (expected !== null) for (let i = 0; i < inside.length; i++) if (inside[i] === 1) chance += expected[i]!;
  const named = [...conditions].sort((a, b) => a.column - b.column);
  const { inside: rate, outside: baseRate, value, low, high, pValue } = confirmed;
  return {
    kind,
    conditions: named.map((one) => conditionOf(one.coded ?? coded[one.column]!, one.codes)),
    ...{ rows: all.rows, errors: all.errors, rate: all.errors / all.rows },
    baseRate: all.errorsOutside / Math.max(1, inside.length - all.rows),
    ...{ expected: expected === null ? null : chance / all.rows, known },
    share: {
      ...{ errors: all.errors, of: all.could, rate: all.could === 0 ? 0 : all.errors / all.could },
      elsewhere: all.couldOutside === 0 ? 0 : all.errorsOutside / all.couldOutside,
    },
    confirmed: {
      ...{ rows: apart.rows, errors: apart.errors, rate, baseRate },
      ...{ effect: { value, low, high }, pValue, adjusted },
    },
    probes: featuresOf(named.map(({ column }) => columns[column]!)),
  };
}

/** The typed features that conditions stand on, each once. */
function featuresOf(columns: readonly SliceColumn[]): Feature[] {
  const once = new Map(columns.flatMap(({ features }) => features).map((feature) => [feature.name, feature]));
  return [...once.values()];
}

function countsOf(inside: Uint8Array, happened: Uint8Array, could: Uint8Array, some: Int32Array | null) {
  const counts = { rows: 0, errors: 0, could: 0, errorsOutside: 0, couldOutside: 0 };
  const each = (i: number) => {
    if (inside[i] === 1) {
      counts.rows++;
      counts.errors += happened[i]!;
      counts.could += could[i]!;
    } else {
      counts.errorsOutside += happened[i]!;
      counts.couldOutside += could[i]!;
    }
  };
  if (some === null) for (let i = 0; i < inside.length; i++) each(i);
  else for (const row of some) each(row);
  return counts;
}

function worthTelling({ errors, rate, baseRate, confirmed }: FoundSlice): boolean {
  return (
    errors >= LEAST_ERRORS &&
    confirmed.errors >= LEAST_ERRORS / 3 &&
    confirmed.adjusted <= ALPHA &&
    confirmed.effect.low > 0 &&
    rate >= leastRatio * baseRate
  );
}
