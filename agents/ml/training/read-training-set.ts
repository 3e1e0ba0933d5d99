import { fault } from "@muster/shared/fault.ts";
import { type Engine, openEngine, quoteIdent, quoteLiteral } from "@muster/shared/warehouse/duckdb.ts";
import type { FittedModel } from "../fitted.ts";
import { type Labels, labelsFromNames } from "../labels.ts";
import type { FeatureColumn } from "../matrix.ts";
import { knownTimes, type LabelTiming } from "./known-labels.ts";
import type { TrainingSet } from "./train.ts";

/** Which file and columns to read, and how; `time`: a column (timestamp, date or number), or null. */
export type TrainingFile = {
  file: string;
  task: FittedModel["task"];
  positive: string | null;
  features: { name: string; type: "number" | "category" }[];
  time: string | null;
  /** When labels are known after the cutoff of their row; null or absent: with it. */
  known?: LabelTiming | null;
  threads: number;
  memoryMb: number;
  /** The share of rows to read (0..1), spread evenly over the file and the same every time; absent: all. */
  share?: number;
};

/** Numbers beyond float32 would be infinite to the engine; they are read as missing. */
const float32Limit = 3.4e38;

/**
 * Reads a training file in row order. A row without a label is refused (`unfit`): it is neither a negative nor a training
 * row. Infinite numbers are missing. Time is the named column, else the cutoff where there are several.
 */
export async function readTrainingSet(source: TrainingFile): Promise<TrainingSet> {
  const { file, task, features, time } = source;
  const engine = await openEngine({
    files: [file],
    memoryMb: source.memoryMb,
    threads: source.threads,
    timeLimitMs: 600_000,
  });
  try {
    const from = rowsOf(source);
    const types = await columnTypesOf(engine, from, source);
    const [count] = await engine.query<{ rows: number; unlabelled: number }>(
      `SELECT count(*)::INTEGER AS rows, (count(*) - count("__label"))::INTEGER AS unlabelled FROM ${from}`,
    );
    checkLabelled(count!);
    const { rows } = count!;
    const texts = [
      ...(task === "regression" ? [] : ["__label"]),
      ...(types.has("__entity") ? ["__entity"] : []),
      ...features.filter(({ type }) => type === "category").map(({ name }) => name),
    ];
    const times = [...(time ? [time] : types.has("__cutoff") ? ["__cutoff"] : [])];
    const numbers = [
      "__row",
      ...(task === "regression" ? ["__label"] : []),
      ...features.filter(({ type }) => type === "number").map(({ name }) => name),
    ];
    const dictionaries = new Map<string, string[]>();
    for (const [i, name] of texts.entries())
      dictionaries.set(name, await dictionary(engine, from, name, `category_${i}`));
    const select = [
      ...numbers.map(numberSql),
      ...times.map((name) => timeSql(name, types.get(name)!)),
      ...texts.map(
        (name, i) => `coalesce(enum_code(${quoteIdent(name)}::VARCHAR::category_${i})::INTEGER, -1)::INTEGER`,
      ),
    ];
    const names = [...numbers, ...times, ...texts];
    const read = await readColumns(
      engine,
      `SELECT ${select.join(", ")} FROM ${from} ORDER BY "__row"`,
      names,
      rows,
      numbers.length + times.length,
    );
    const text = (name: string) => {
      const words = dictionaries.get(name)!;
      return Array.from(read.get(name)!, (code) => (code < 0 ? "" : words[code]!));
    };
    const number = (name: string) => read.get(name) as Float64Array;
    const usable = times[0] ? usableTime(number(times[0]), time !== null) : null;
    return {
      row: number("__row"),
      entity: types.has("__entity") ? text("__entity") : null,
      time: usable,
      known: knownOf(usable, source),
      labels: labelsOf(task, source.positive, task === "regression" ? number("__label") : text("__label")),
      columns: features.map(
        ({ name, type }): FeatureColumn =>
          type === "number" ? { name, type, values: number(name) } : { name, type, values: text(name) },
      ),
    };
  } finally {
    engine.close();
  }
}

/** The types of the file's columns. `invalid_input` where one that is wanted isn't there. */
export async function columnTypesOf(
  engine: Engine,
  from: string,
  { features, time }: Pick<TrainingFile, "features" | "time">,
): Promise<Map<string, string>> {
  const described = await engine.query<{ column_name: string; column_type: string }>(`DESCRIBE SELECT * FROM ${from}`);
  const types = new Map(described.map((row) => [row.column_name, row.column_type]));
  const wanted = ["__row", "__label", ...features.map(({ name }) => name), ...(time ? [time] : [])];
  const absent = wanted.filter((name) => !types.has(name));
  if (absent.length > 0) throw fault("invalid_input", `the training file has no column ${absent.join(", ")}`);
  return types;
}

/** Refuses (`unfit`) a file without rows or with rows without a label. */
export function checkLabelled({ rows, unlabelled }: { rows: number; unlabelled: number }): void {
  if (rows === 0) throw fault("unfit", "the training file has no rows");
  if (unlabelled > 0) throw fault("unfit", `${unlabelled} rows have no label; leave them out of the training file`);
}

/** The rows to read, as SQL: multiples of the golden ratio spread evenly, whatever order the rows came in. */
export function rowsOf({ file, share = 1 }: Pick<TrainingFile, "file" | "share">): string {
  const all = `read_parquet(${quoteLiteral(file)})`;
  if (share >= 1) return all;
  return `(SELECT * FROM ${all} WHERE ("__row"::BIGINT * 2654435761) % 4294967296 < ${Math.floor(share * 4294967296)})`;
}

/** The labels of rows from their values or names. */
export function labelsOf(task: FittedModel["task"], positive: string | null, values: Float64Array | string[]): Labels {
  if (values instanceof Float64Array) {
    if (values.some(Number.isNaN))
      throw fault("unfit", "a label isn't a finite number; correct it or leave the row out");
    return { task, classes: [], values };
  }
  if (task === "regression") throw fault("invalid_input", "a regression needs numbers as labels");
  return labelsFromNames(values, task, positive);
}

/** Cutoffs are a time only where there are several and all are known; a time that was asked for must be complete. */
export function usableTime(values: Float64Array, asked: boolean): Float64Array | null {
  const missing = values.some(Number.isNaN);
  if (missing && asked) throw fault("unfit", "some rows have no time; leave them out or name another time column");
  return missing || (!asked && values.every((value) => value === values[0])) ? null : values;
}

/** The distinct texts of a column in order; an ENUM of them makes codes of the column without moving its text. */
export async function dictionary(engine: Engine, from: string, name: string, type: string): Promise<string[]> {
  const column = `${quoteIdent(name)}::VARCHAR`;
  const distinct = `SELECT DISTINCT ${column} AS word FROM ${from} WHERE ${quoteIdent(name)} IS NOT NULL ORDER BY 1`;
  await engine.run(`CREATE TYPE ${type} AS ENUM (${distinct})`);
  const words = await engine.query<{ word: string }>(`SELECT unnest(enum_range(NULL::${type}))::VARCHAR AS word`);
  return words.map(({ word }) => word);
}

/** When the label of each row is known, where its time is the cutoff that this is counted from. */
export const knownOf = (times: Float64Array | null, { time, known }: Pick<TrainingFile, "time" | "known">) =>
  times && time === null && known ? knownTimes(times, known) : null;

/** A number as the engine can take it. */
export const numberSql = (name: string) => {
  const value = `${quoteIdent(name)}::DOUBLE`;
  return `CASE WHEN abs(${value}) <= ${float32Limit} THEN ${value} ELSE 'NaN'::DOUBLE END`;
};

/** A time as milliseconds, or the number that it is. */
export const timeSql = (name: string, type: string) =>
  /^(DATE|TIMESTAMP)/.test(type)
    ? `coalesce(epoch_ms(${quoteIdent(name)}::TIMESTAMP)::DOUBLE, 'NaN'::DOUBLE)`
    : numberSql(name);

async function readColumns(engine: Engine, sql: string, names: string[], rows: number, numbers: number) {
  const out = names.map((_, i) => (i < numbers ? new Float64Array(rows) : new Int32Array(rows)));
  let at = 0;
  for await (const chunk of engine.chunks(sql)) {
    for (const [i, column] of chunk.columns.entries())
      out[i]!.set((column as Float64Array | Int32Array).subarray(0, chunk.rows), at);
    at += chunk.rows;
  }
  return new Map(names.map((name, i) => [name, out[i]!]));
}
