import { writeFile } from "node:fs/promises";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { openEngine, quoteIdent, quoteLiteral } from "@muster/shared/warehouse/duckdb.ts";

/** What a made-up table is like: its task, size and columns, how rare its rarest class is and how much of it is noise. */
export type TableShape = {
  task: "binary" | "multiclass" | "regression";
  rows: number;
  numbers: number;
  categories: number;
  /** Of the label, 0 for numbers. */
  classes: number;
  /** Share of the rarest class of a binary label. */
  rarest: number;
  /** Standard deviation of the noise, as a multiple of that of what the columns say. */
  noise: number;
};

const tasks = ["binary", "binary", "regression", "binary", "multiclass", "regression"] as const;

/** The shape of the `i`-th of a series of tables: tasks in turn, sizes and noise evenly by order of magnitude. */
export function shapeOf(i: number, { seed, rows }: { seed: number; rows: readonly [number, number] }): TableShape {
  const random = seededRandom(seed * 1000 + i);
  const between = (low: number, high: number) => low * (high / low) ** random();
  const task = tasks[i % tasks.length]!;
  return {
    task,
    rows: Math.round(between(...rows)),
    numbers: Math.round(between(3, 30)),
    categories: Math.floor(8 * random()),
    classes: task === "regression" ? 0 : task === "binary" ? 2 : 3 + Math.floor(2 * random()),
    rarest: between(0.08, 0.5),
    noise: between(0.2, 4),
  };
}

/** A column that is drawn row by row: its text, and what it adds to the score of the row. */
type Drawn = { name: string; draw: () => { text: string; says: number } };

function numberColumn(name: string, random: () => number): Drawn {
  const kind = Math.floor(4 * random());
  const weight = normal(random) * (random() < 0.4 ? 1 : 0.2);
  const draw = () => {
    const value = kind === 0 ? random() * 100 : kind === 1 ? Math.floor(random() ** 3 * 20) : normal(random);
    const bent = kind === 2 ? Math.sin(2 * value) : kind === 3 ? value : value / (kind === 0 ? 30 : 5);
    return { text: random() < 0.03 ? "" : String(value), says: weight * bent };
  };
  return { name, draw };
}

function categoryColumn(name: string, random: () => number): Drawn {
  const levels = Array.from({ length: 2 + Math.floor(6 * random()) }, () => 0.6 * normal(random));
  const draw = () => {
    const level = Math.floor(random() * levels.length);
    return { text: `kind ${level}`, says: levels[level]! };
  };
  return { name, draw };
}

/** Rows of a table in its shape: the label beside the columns' texts. What they say together is sums and one product. */
function rowsOf({ task, rows, numbers, categories, classes, rarest, noise }: TableShape, seed: number) {
  const random = seededRandom(seed);
  const columns = [
    ...Array.from({ length: numbers }, (_, i) => numberColumn(`n${i}`, random)),
    ...Array.from({ length: categories }, (_, i) => categoryColumn(`c${i}`, random)),
  ];
  const drawn = Array.from({ length: rows }, () => {
    const cells = columns.map(({ draw }) => draw());
    const says = cells.reduce((sum, cell) => sum + cell.says, 0) + cells[0]!.says * cells[1]!.says;
    return { texts: cells.map(({ text }) => text), says };
  });
  const mean = drawn.reduce((sum, { says }) => sum + says, 0) / rows;
  const spread = Math.sqrt(drawn.reduce((sum, { says }) => sum + (says - mean) ** 2, 0) / rows) || 1;
  const score = drawn.map(({ says }) => (says - mean) / spread + noise * normal(random));
  const rank = new Int32Array(rows);
  for (const [place, row] of [...score.keys()].sort((a, b) => score[a]! - score[b]!).entries()) rank[row] = place;
  const label = (row: number): string => {
    if (task === "regression") return String(score[row]);
    if (task === "binary") return rank[row]! < rarest * rows ? "yes" : "no";
    return `class ${Math.floor((rank[row]! * classes) / rows)}`;
  };
  return { names: columns.map(({ name }) => name), cells: drawn.map(({ texts }, row) => [label(row), ...texts]) };
}

/** Writes a made-up table as a training file (Parquet, as features are materialized): same shape and seed, same rows. */
export async function writeTrainingFile(shape: TableShape, seed: number, file: string): Promise<void> {
  const csv = `${file}.csv`;
  const { names, cells } = rowsOf(shape, seed);
  await writeFile(csv, cells.map((row) => row.join(",")).join("\n"));
  const types = ["__label", ...names].map((name) => {
    const type = name.startsWith("n") || (name === "__label" && shape.task === "regression") ? "DOUBLE" : "VARCHAR";
    return `${quoteLiteral(name)}: ${quoteLiteral(type)}`;
  });
  const list = names.map(quoteIdent).join(", ");
  const engine = await openEngine({ files: [csv, file], memoryMb: 1000, threads: 1 });
  try {
    const source = `read_csv(${quoteLiteral(csv)}, header = false, columns = {${types.join(", ")}})`;
    const sql = `SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS __row, 'e' || row_number() OVER () AS __entity,
      CAST(NULL AS TIMESTAMP) AS __cutoff, __label, ${list} FROM ${source}`;
    await engine.run(`COPY (${sql}) TO ${quoteLiteral(file)} (FORMAT parquet)`);
  } finally {
    engine.close();
  }
}
