import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEngine, quoteLiteral } from "@muster/shared/warehouse/duckdb.ts";
import { describe, expect, test } from "vitest";
import { selectCandidates } from "./select-candidates.ts";
import { trainInChild } from "./spawn.ts";

const datasets = join(import.meta.dirname, "../../../../shared/datasets");
const present = existsSync(datasets);
if (!present) console.warn(`skipped: no datasets at ${datasets}`);

type Sample = { csv: string; select: string; header: boolean; label: string; positive: string };

async function trained({ csv, select, header, label, positive }: Sample) {
  const folder = await mkdtemp(join(tmpdir(), "muster-datasets-"));
  const file = join(folder, "training.parquet");
  const source = join(datasets, csv);
  const engine = await openEngine({ files: [source, file], memoryMb: 500, threads: 2 });
  try {
    const from = `read_csv(${quoteLiteral(source)}, header = ${header})`;
    await engine.run(
      `COPY (SELECT (row_number() OVER () - 1)::INTEGER AS __row, ${label}::VARCHAR AS __label, ${select} FROM ${from})
       TO ${quoteLiteral(file)} (FORMAT parquet)`,
    );
    const described = await engine.query<{ column_name: string; column_type: string }>(
      `DESCRIBE SELECT * FROM read_parquet(${quoteLiteral(file)})`,
    );
    const [{ rows, minority } = { rows: 0, minority: 0 }] = await engine.query<{ rows: number; minority: number }>(
      `SELECT count(*)::INTEGER AS rows, (count(*) FILTER (WHERE __label = ${quoteLiteral(positive)}))::INTEGER AS minority
       FROM read_parquet(${quoteLiteral(file)})`,
    );
    const features = described
      .filter(({ column_name }) => !column_name.startsWith("__"))
      .map(({ column_name, column_type }) => ({
        name: column_name,
        type: /^(DOUBLE|BIGINT)$/.test(column_type) ? ("number" as const) : ("category" as const),
      }));
    const numbers = features.filter(({ type }) => type === "number").length;
    const shape = {
      task: "binary" as const,
      rows,
      numbers,
      categories: features.length - numbers,
      classes: 2,
      minority,
      folds: 5,
    };
    return await trainInChild({
      file,
      task: "binary",
      metric: "roc_auc",
      positive,
      features,
      candidates: selectCandidates(shape),
      folds: 5,
      time: null,
      costs: null,
      seed: 1,
      threads: 2,
      cpuSecondsLimit: 120,
      memoryLimitMb: 2000,
      xgboostLibrary: null,
    });
  } finally {
    engine.close();
    await rm(folder, { recursive: true });
  }
}

describe.skipIf(!present)("on public datasets", () => {
  test("telco churn: at least 0.840, linear and trees both near it, and the id is left out", async () => {
    const result = await trained({
      csv: "telco_churn/telco_churn.csv",
      header: true,
      label: "Churn",
      positive: "true",
      select: "* EXCLUDE (Churn) REPLACE (try_cast(TotalCharges AS DOUBLE) AS TotalCharges)",
    });
    const auc = (name: string) => result.board.find((row) => row.name === name)!.cv.roc_auc!.mean;
    expect(auc(result.chosen)).toBeGreaterThanOrEqual(0.845);
    expect(auc("linear")).toBeGreaterThanOrEqual(0.84);
    expect(auc("xgboost_shallow")).toBeGreaterThanOrEqual(0.84);
    expect(result.dropped).toEqual([expect.objectContaining({ column: "customerID", reason: "id_like", value: 1 })]);
    expect(result.fitted.inputs.map(({ name }) => name)).not.toContain("customerID");
    expect(result.plan.kind).toBe("stratified");
  }, 120_000);

  test("credit: at least 0.78", async () => {
    const sample = {
      csv: "credit_g/credit_g.csv",
      header: true,
      label: "class",
      positive: "bad",
      select: "* EXCLUDE (class)",
    };
    const { board, chosen } = await trained(sample);
    expect(board.find(({ name }) => name === chosen)!.cv.roc_auc!.mean).toBeGreaterThanOrEqual(0.78);
  }, 60_000);

  test("phoneme: trees at least 0.95, far above linear", async () => {
    const sample = {
      csv: "phoneme/phoneme.csv",
      header: false,
      label: "column5",
      positive: "1",
      select: "* EXCLUDE (column5)",
    };
    const { board, chosen } = await trained(sample);
    expect(board.find(({ name }) => name === chosen)!.cv.roc_auc!.mean).toBeGreaterThanOrEqual(0.955);
    expect(board.find(({ name }) => name === "linear")!.cv.roc_auc!.mean).toBeLessThan(0.85);
  }, 60_000);
});
