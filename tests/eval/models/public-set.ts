import { labelsFromNames } from "@muster/ml/labels.ts";
import type { FeatureColumn } from "@muster/ml/matrix.ts";
import type { MetricName } from "@muster/ml/training/job.ts";
import type { TrainingSet } from "@muster/ml/training/train.ts";
import { fault } from "@muster/shared/fault.ts";
import { openEngine } from "@muster/shared/warehouse/duckdb.ts";
import { quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { publicFile } from "../../support/story.ts";

/** A public table: where it lies, what is predicted from the other columns. `without`: columns that aren't features; `time`: the column that orders the rows. */
export type PublicTable = {
  file: [string, string];
  header: boolean;
  label: string;
  task: "binary" | "regression";
  metric: MetricName;
  without: readonly string[];
  time: string | null;
};

/** Reads a public table as a training set: numbers as numbers, everything else as categories, in the order of the file. */
export async function readPublicTable(table: PublicTable): Promise<TrainingSet> {
  const file = publicFile(...table.file);
  const engine = await openEngine({ files: [file], memoryMb: 512, threads: 1 });
  try {
    const from = `read_csv(${quoteLiteral(file)}, header = ${table.header}, nullstr = ['', ' ', '?'])`;
    const described = await engine.query<{ column_name: string; column_type: string }>(
      `DESCRIBE SELECT * FROM ${from}`,
    );
    const rows = await engine.query(`SELECT * FROM ${from}`);
    const number = (type: string) => /^(DOUBLE|BIGINT|INTEGER)$/.test(type);
    const values = (name: string) =>
      Float64Array.from(rows, (row) => (row[name] === null ? Number.NaN : Number(row[name])));
    const columns = described
      .filter(({ column_name: name }) => name !== table.label && !table.without.includes(name))
      .map(
        ({ column_name: name, column_type: type }): FeatureColumn =>
          number(type)
            ? { name, type: "number", values: values(name) }
            : { name, type: "category", values: rows.map((row) => String(row[name] ?? "")) },
      );
    if (columns.length === 0) throw fault("internal", `${table.file.join("/")} has no feature`);
    const names = rows.map((row) => String(row[table.label]));
    return {
      row: Float64Array.from(rows, (_, i) => i),
      entity: null,
      time: table.time === null ? null : values(table.time),
      labels:
        table.task === "regression"
          ? { task: "regression", classes: [], values: values(table.label) }
          : labelsFromNames(names, "binary", null),
      columns,
    };
  } finally {
    engine.close();
  }
}
