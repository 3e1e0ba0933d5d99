import { seededRandom } from "@muster/shared/random.ts";
import { type Encoding, encode } from "../../encode.ts";
import { fitEncoding, outOfFoldTables, targetFoldsOf } from "../../encode-fit.ts";
import type { EncodedColumn } from "../../fitted.ts";
import { type Labels, takeLabels } from "../../labels.ts";
import type { FeatureColumn } from "../../matrix.ts";
import { engineMatrix } from "../../xgboost/matrix.ts";
import { type BatchedRows, quantileMatrix } from "../../xgboost/quantile-matrix.ts";
import type { FitContext } from "../fit-candidate.ts";
import type { FittedRows } from "../fit-rows.ts";
import { columnTypes, growTrees, type TreeCandidate } from "../grow-trees.ts";
import { type CompactColumn, missingCode } from "./compact.ts";

/** Rows scored at a time. */
const scoredRows = 8192;

/**
 * Grows trees on some rows of a compact set, of which no matrix of numbers ever stands whole: the engine asks for batches of
 * the design, each made from a byte or two a value, and keeps bins. `labels` are those of all rows of the set.
 */
export function fitStreamedTrees(
  params: TreeCandidate,
  columns: CompactColumn[],
  labels: Labels,
  rows: Int32Array,
  context: FitContext,
): FittedRows {
  const { xgboost, seed } = context;
  const own = takeLabels(labels, rows);
  const { encoding, training } = fitCompact(columns, own, rows, seededRandom(seed), params.categories === "native");
  const types = columnTypes(encoding);
  const width = encoding.encoding.length;
  const source = {
    encoding,
    rows: rows.length,
    matrix: (some: Int32Array | null, made: Parameters<typeof quantileMatrix>[2]) =>
      quantileMatrix(xgboost, batches(columns, encoding, some ? rowsAt(rows, some) : rows, training?.(some)), {
        ...{ ...made, types },
      }),
  };
  const { booster, rounds, threads, estimator } = growTrees(params, source, own, context);
  return {
    ...{ encoding, estimator, chosen: { rounds }, free: booster.free },
    booster: () => booster.save("ubj"),
    margins(scored) {
      const part = batches(columns, encoding, scored);
      let out: Float64Array[] = [];
      for (let start = 0; start < scored.length; start += scoredRows) {
        const end = Math.min(start + scoredRows, scored.length);
        const values = new Float32Array((end - start) * width);
        part.fill(start, end, values);
        const matrix = engineMatrix(xgboost, { rows: end - start, columns: width, values }, { threads, types });
        try {
          const margins = booster.margins(matrix);
          if (start === 0) out = margins.map(() => new Float64Array(scored.length));
          for (const [k, own] of margins.entries()) out[k]!.set(own, start);
        } finally {
          matrix.free();
        }
        context.onStep(null, null);
      }
      return out;
    },
  };
}

const rowsAt = (rows: Int32Array, places: Int32Array): Int32Array => Int32Array.from(places, (i) => rows[i]!);

/** What a training row has instead of a column's usual value: by place among the rows and code. */
type TrainingValues = { at: number; value: (place: number, code: number) => number }[];

/** The encoding of the rows, column by column so that one column's words stand at a time; and their target statistics out of fold. */
function fitCompact(
  columns: CompactColumn[],
  labels: Labels,
  rows: Int32Array,
  random: () => number,
  native: boolean,
): { encoding: Encoding; training: ((some: Int32Array | null) => TrainingValues) | null } {
  const encoding: Encoding = { inputs: [], encoding: [] };
  const out: { at: number; tables: Float32Array[] }[] = [];
  let folds: Uint8Array | null = null;
  for (const column of columns) {
    const input = encoding.inputs.length;
    if (column.type === "number") {
      encoding.inputs.push({ name: column.name, type: "number" });
      encoding.encoding.push({ op: "number", input, impute: null, mean: 0, scale: 1 });
      continue;
    }
    const values = Array.from(rows, (row) => column.words[column.codes[row]!]!);
    const fitted = fitEncoding([{ name: column.name, type: "category", values }], labels, "trees", native);
    const first = encoding.encoding.length;
    encoding.inputs.push(...fitted.inputs);
    encoding.encoding.push(...fitted.encoding.map((one): EncodedColumn => ({ ...one, input })));
    const places = fitted.encoding.flatMap(({ op }, i) => (op === "target" ? [first + i] : []));
    if (places.length === 0) continue;
    folds ??= targetFoldsOf(rows.length, random);
    const tables = outOfFoldTables(values, labels, folds);
    for (const [nth, at] of places.entries())
      out.push({
        at,
        tables: tables[nth]!.map((table) => Float32Array.from(column.words, (word) => table.get(word) ?? Number.NaN)),
      });
  }
  if (out.length === 0) return { encoding, training: null };
  const training = (some: Int32Array | null): TrainingValues =>
    out.map(({ at, tables }) => ({ at, value: (place, code) => tables[folds![some ? some[place]! : place]!]![code]! }));
  return { encoding, training };
}

/** The design of some rows, batch by batch: every column's value is looked up by its code. */
function batches(
  columns: CompactColumn[],
  model: Encoding,
  rows: Int32Array,
  training: TrainingValues = [],
): BatchedRows {
  const width = model.encoding.length;
  const byName = new Map(columns.map((column) => [column.name, column]));
  const parts = model.encoding.map((encoded, at) => {
    const column = byName.get(model.inputs[encoded.input]!.name)!;
    const own = training.find((one) => one.at === at)?.value ?? null;
    return { at, codes: column.codes, table: tableOf(encoded, model, column), own };
  });
  return {
    rows: rows.length,
    columns: width,
    fill(start, end, into) {
      for (const { at, codes, table, own } of parts)
        for (let place = start, cell = at; place < end; place++, cell += width) {
          const code = codes[rows[place]!]!;
          const trained = own ? own(place, code) : Number.NaN;
          // A missing category isn't in the statistics out of fold; it has the usual value.
          into[cell] = own && !Number.isNaN(trained) ? trained : table[code]!;
        }
    },
  };
}

/** The value of a design column for every code: what the usual encoding makes of the bins' edges, or of the words. */
function tableOf(encoded: EncodedColumn, { inputs }: Encoding, column: CompactColumn): Float32Array {
  const input = inputs[encoded.input]!;
  const raw: FeatureColumn =
    column.type === "number"
      ? { name: input.name, type: "number", values: Float64Array.from(column.edges) }
      : { name: input.name, type: "category", values: column.words };
  const known = encode({ inputs: [input], encoding: [{ ...encoded, input: 0 }] }, [raw]).values;
  if (column.type === "category") return known;
  const table = new Float32Array(missingCode + 1).fill(Number.NaN);
  table.set(known.subarray(0, missingCode));
  return table;
}
