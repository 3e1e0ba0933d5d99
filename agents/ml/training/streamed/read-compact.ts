import { fault } from "@muster/shared/fault.ts";
import { argsort, sorted } from "@muster/shared/stats/sort.ts";
import { type Chunk, type Engine, openEngine, quoteIdent } from "@muster/shared/warehouse/duckdb.ts";
import type { FeatureColumn } from "../../matrix.ts";
import {
  checkLabelled,
  columnTypesOf,
  dictionary,
  knownOf,
  labelsOf,
  numberSql,
  rowsOf,
  type TrainingFile,
  timeSql,
  usableTime,
} from "../read-training-set.ts";
import type { Trainable } from "../train.ts";
import { collect } from "./collect.ts";
import { type CompactColumn, codeOf, codesFor, edgesOf, missingCode, mostBins } from "./compact.ts";

/** Rows that bins, the audit of columns and the comparison of what was changed look at, at most; evenly spread. Fewer of a wide file: their values stand as numbers. */
const sampledRows = 20_000;
const leastSampledRows = 2_000;
const sampledCells = 2_000_000;
/** Columns read at a time: a page of each stands decoded, which may hold more than a hundred thousand rows. */
const columnsAtOnce = 32;
/** Bytes of batches that were read and may wait to be given back. */
const waitingBytes = 16 * 1024 * 1024;

/**
 * Reads a training file without its numbers ever standing whole: labels, times and entities (by a number each) in one pass
 * over batches, features in two more, first a sample that bins are made from, then a byte or two a value. `columns` are those
 * of the sample, as they are in the file; `compact` says which rows they are of and holds the columns of all rows. Faults
 * as `readTrainingSet`.
 */
export async function readCompactSet(source: TrainingFile): Promise<Trainable> {
  const engine = await openEngine({
    files: [source.file],
    // Each thread decodes a part of the file with all of its columns: one is enough for batches.
    ...{ memoryMb: source.memoryMb, threads: 1, timeLimitMs: 600_000 },
  });
  try {
    const from = rowsOf(source);
    const set = await readOrigin(engine, from, source);
    const rows = set.row.length;
    const { features } = source;
    const most = Math.min(sampledRows, Math.max(leastSampledRows, Math.floor(sampledCells / features.length)));
    const step = Math.max(1, Math.ceil(rows / most));
    const sample = Int32Array.from({ length: Math.ceil(rows / step) }, (_, i) => i * step);
    const words = new Map<string, string[]>();
    for (const [i, { name, type }] of features.entries())
      if (type === "category") words.set(name, await dictionary(engine, from, name, `category_${i}`));
    const select = (type: "DOUBLE" | "FLOAT") =>
      features.map(({ name, ...one }, i) =>
        one.type === "number"
          ? `(${numberSql(name)})::${type}`
          : `coalesce(enum_code(${quoteIdent(name)}::VARCHAR::category_${i})::INTEGER + 1, 0)::INTEGER`,
      );
    const pass = async (
      selected: string[],
      visit: (feature: number, values: ArrayLike<number>, places: Int32Array) => void,
    ) => {
      for (let first = 0; first < features.length; first += columnsAtOnce) {
        const own = ['"__row"::DOUBLE', ...selected.slice(first, first + columnsAtOnce)];
        const placeOf = placesOf(set.row);
        for await (const chunk of lightly(engine, `SELECT ${own.join(", ")} FROM ${from}`)) {
          const places = new Int32Array(chunk.rows);
          for (let i = 0; i < chunk.rows; i++) places[i] = placeOf(Number(chunk.columns[0]![i]));
          for (let f = 1; f < own.length; f++) visit(first + f - 1, chunk.columns[f] as ArrayLike<number>, places);
        }
      }
    };
    const raw = features.map(() => new Float64Array(sample.length));
    await pass(select("DOUBLE"), (feature, values, places) => {
      const own = raw[feature]!;
      for (let i = 0; i < places.length; i++) if (places[i]! % step === 0) own[places[i]! / step] = values[i]!;
    });
    const compact = features.map(({ name, type }, i): CompactColumn => {
      if (type === "number")
        return { name, type, codes: new Uint8Array(rows).fill(missingCode), edges: edgesOf(raw[i]!, mostBins) };
      const known = ["", ...words.get(name)!];
      return { name, type, codes: codesFor(rows, known.length), words: known };
    });
    await pass(select("FLOAT"), (feature, values, places) => {
      const column = compact[feature]!;
      for (let i = 0; i < places.length; i++)
        column.codes[places[i]!] = column.type === "number" ? codeOf(values[i]!, column.edges) : values[i]!;
    });
    const columns = compact.map((column, i): FeatureColumn => {
      const { name } = column;
      if (column.type === "number") return { name, type: "number", values: raw[i]! };
      return { name, type: "category", values: Array.from(raw[i]!, (code) => column.words[code]!) };
    });
    return { ...set, columns, compact: { columns: compact, sample } };
  } finally {
    engine.close();
  }
}

/** The batches of a query; what was left of those before is given back now and then. */
async function* lightly(engine: Engine, sql: string): AsyncGenerator<Chunk, void, undefined> {
  let waiting = 0;
  for await (const chunk of engine.chunks(sql)) {
    yield chunk;
    waiting += chunk.columns.reduce((bytes, { byteLength }) => bytes + byteLength, 0);
    if (waiting < waitingBytes) continue;
    collect();
    waiting = 0;
  }
}

/** Row numbers, labels, times and entities, in the order of the row numbers; sorted here and only where the file isn't. */
async function readOrigin(engine: Engine, from: string, source: TrainingFile): Promise<Omit<Trainable, "columns">> {
  const { task, time, positive } = source;
  const types = await columnTypesOf(engine, from, source);
  const [count] = await engine.query<{ rows: number; unlabelled: number }>(
    `SELECT count(*)::INTEGER AS rows, (count(*) - count("__label"))::INTEGER AS unlabelled FROM ${from}`,
  );
  checkLabelled(count!);
  const { rows } = count!;
  const timed = time ?? (types.has("__cutoff") ? "__cutoff" : null);
  const words = task === "regression" ? null : await dictionary(engine, from, "__label", "label");
  const label = words ? `enum_code("__label"::VARCHAR::label)::DOUBLE` : numberSql("__label");
  // The first 53 bits of a hash are a number that no two of a million entities share.
  const entity = types.has("__entity") ? `(hash("__entity") >> 11)::DOUBLE` : "0::DOUBLE";
  const select = [`"__row"::DOUBLE`, label, timed ? timeSql(timed, types.get(timed)!) : "0::DOUBLE", entity];
  const read = select.map(() => new Float64Array(rows));
  let at = 0;
  for await (const chunk of lightly(engine, `SELECT ${select.join(", ")} FROM ${from}`)) {
    for (const [i, column] of chunk.columns.entries())
      read[i]!.set((column as Float64Array).subarray(0, chunk.rows), at);
    at += chunk.rows;
  }
  const order = isRising(read[0]!) ? null : argsort(read[0]!);
  const [row, labels, times, entities] = read.map((own) =>
    order ? Float64Array.from(order, (place) => own[place]!) : own,
  ) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const usable = timed ? usableTime(times, time !== null) : null;
  return {
    row,
    entity: types.has("__entity") && repeats(entities) ? entities : null,
    time: usable,
    known: knownOf(usable, source),
    labels: labelsOf(task, positive, words ? Array.from(labels, (code) => words[code]!) : labels),
  };
}

/** Whether any value is met twice. Where none is, every row is an entity of its own, and nothing needs to know which. */
function repeats(values: Float64Array): boolean {
  const ordered = sorted(values);
  return ordered.some((value, i) => i > 0 && value === ordered[i - 1]);
}

const isRising = (values: Float64Array): boolean => values.every((value, i) => i === 0 || value > values[i - 1]!);

/** Where a row stands among all, by its number; the next one is tried first, since files are mostly in order. */
function placesOf(rows: Float64Array): (row: number) => number {
  let next = 0;
  return (row) => {
    if (rows[next] !== row) {
      let low = 0;
      let high = rows.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (rows[middle]! < row) low = middle + 1;
        else high = middle;
      }
      if (rows[low] !== row) throw fault("internal", "the training file changed while it was read");
      next = low;
    }
    return next++;
  };
}
