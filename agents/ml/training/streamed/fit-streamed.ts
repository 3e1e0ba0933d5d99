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
import { columnTypes, growTrees, type TreeCandidate, type TreeRows } from "../grow-trees.ts";
import { binsOf, type CodedValues } from "./bins.ts";
import { collect } from "./collect.ts";
import { type CompactColumn, missingCode } from "./compact.ts";

/** Cells of a design that are scored at a time. */
const scoredCells = 2 ** 18;

/**
 * Grows trees on some rows of a compact set, of which no matrix of numbers ever stands whole: the engine asks for batches of
 * the design, each made from a byte or two a value, and keeps bins. Where these begin is counted here: the engine's own
 * sketch of a column takes a megabyte. `labels` are those of all rows of the set.
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
  const { encoding, design } = fitCompact(columns, own, rows, seededRandom(seed), params.categories === "native");
  const types = columnTypes(encoding);
  const bins = params.trees.maxBins;
  const begins = quantileMatrix(
    xgboost,
    besideEachOther(design.map((one, at) => binsOf(one, rows, types?.[at] === "c" ? Number.POSITIVE_INFINITY : bins))),
    { bins, types, threads: 1 },
  );
  const source: TreeRows = {
    encoding,
    rows: rows.length,
    matrix(some, made) {
      collect();
      return quantileMatrix(xgboost, batches(design, rows, some), { ...made, types, reference: begins });
    },
  };
  let grown: ReturnType<typeof growTrees>;
  try {
    grown = growTrees(params, source, own, context);
  } finally {
    begins.free();
  }
  const { booster, rounds, threads, estimator } = grown;
  const width = design.length;
  const plain = design.map((one) => ({ ...one, own: null }));
  return {
    ...{ encoding, estimator, chosen: { rounds }, free: booster.free },
    boosters: () => [booster.save("ubj")],
    margins(scored) {
      const part = batches(plain, scored, null);
      const most = Math.max(1, Math.floor(scoredCells / width));
      const buffer = new Float32Array(Math.min(most, scored.length) * width);
      let out: Float64Array[] = [];
      for (let start = 0; start < scored.length; start += most) {
        const end = Math.min(start + most, scored.length);
        const values = buffer.subarray(0, (end - start) * width);
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

/** The encoding of the rows, column by column so that one column's words stand at a time; and what every code comes to in it. */
function fitCompact(
  columns: CompactColumn[],
  labels: Labels,
  rows: Int32Array,
  random: () => number,
  native: boolean,
): { encoding: Encoding; design: CodedValues[] } {
  const encoding: Encoding = { inputs: [], encoding: [] };
  const design: CodedValues[] = [];
  let folds: Uint8Array | null = null;
  for (const column of columns) {
    const input = encoding.inputs.length;
    if (column.type === "number") {
      const encoded: EncodedColumn = { op: "number", input, impute: null, mean: 0, scale: 1 };
      encoding.inputs.push({ name: column.name, type: "number" });
      encoding.encoding.push(encoded);
      design.push({ codes: column.codes, table: tableOf(encoded, column), own: null });
      continue;
    }
    const values = Array.from(rows, (row) => column.words[column.codes[row]!]!);
    const fitted = fitEncoding([{ name: column.name, type: "category", values }], labels, "trees", native);
    const own = fitted.encoding.map((one): EncodedColumn => ({ ...one, input }));
    encoding.inputs.push(...fitted.inputs);
    encoding.encoding.push(...own);
    const targets = own.filter(({ op }) => op === "target");
    if (targets.length > 0) folds ??= targetFoldsOf(rows.length, random);
    const statistics = targets.length > 0 ? outOfFoldTables(values, labels, folds!) : [];
    for (const encoded of own) {
      const table = tableOf(encoded, column);
      const byFold = statistics[targets.indexOf(encoded)];
      // A missing category isn't in the statistics out of fold; it has the usual value.
      const tables = byFold?.map((of) => Float32Array.from(column.words, (word, code) => of.get(word) ?? table[code]!));
      design.push({ codes: column.codes, table, own: tables ? { folds: folds!, tables } : null });
    }
  }
  return { encoding, design };
}

/** The design of some rows, batch by batch: every column's value is looked up by its code. `some`: places among the rows; null: all. */
function batches(design: CodedValues[], rows: Int32Array, some: Int32Array | null): BatchedRows {
  const columns = design.length;
  const at = some ? Int32Array.from(some, (place) => rows[place]!) : rows;
  return {
    rows: at.length,
    columns,
    fill(start, end, into) {
      for (const [first, { codes, table, own }] of design.entries())
        for (let place = start, cell = first; place < end; place++, cell += columns) {
          const values = own ? own.tables[own.folds[some ? some[place]! : place]!]! : table;
          into[cell] = values[codes[at[place]!]!]!;
        }
    },
  };
}

/** Lists of values as the columns of a matrix; where one is shorter, it is missing. */
function besideEachOther(lists: Float32Array[]): BatchedRows {
  const columns = lists.length;
  return {
    rows: Math.max(1, ...lists.map(({ length }) => length)),
    columns,
    fill(start, end, into) {
      for (const [first, list] of lists.entries())
        for (let place = start, cell = first; place < end; place++, cell += columns)
          into[cell] = list[place] ?? Number.NaN;
    },
  };
}

/** The value of a design column for every code: what the usual encoding makes of the bins' edges, or of the words. */
function tableOf(encoded: EncodedColumn, column: CompactColumn): Float32Array {
  const { name } = column;
  const raw: FeatureColumn =
    column.type === "number"
      ? { name, type: "number", values: Float64Array.from(column.edges) }
      : { name, type: "category", values: column.words };
  const { type } = raw;
  const known = encode({ inputs: [{ name, type }], encoding: [{ ...encoded, input: 0 }] }, [raw]).values;
  if (column.type === "category") return known;
  const table = new Float32Array(missingCode + 1).fill(Number.NaN);
  table.set(known.subarray(0, missingCode));
  return table;
}
