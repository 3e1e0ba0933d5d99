import { describe, expect, test } from "vitest";
import { airflowFile } from "./airflow.ts";
import { dbtFiles, type Exported } from "./dbt.ts";

const exported: Exported = {
  name: "churn_view",
  hash: "ab".repeat(32),
  problem: "cd".repeat(32),
  dataset: "contracts",
  features: [{ kind: "column", name: "plan", column: "plan", type: "text" }],
  sql: 'SELECT "plan" FROM "contracts"',
  scoringSql: 'SELECT "plan" FROM "contracts"',
  sources: { contracts: { version: "ef".repeat(32), columns: ["id", "plan"] } },
};
const file = (files: { path: string; text: string }[], path: string) => files.find((one) => one.path === path)!.text;

describe("a feature view as dbt files", () => {
  test("has a model for each role that reads the table as a source, with its schema and sources", () => {
    const files = dbtFiles(exported);
    expect(files.map((one) => one.path)).toEqual([
      "models/churn_view_training.sql",
      "models/churn_view_scoring.sql",
      "models/schema.yml",
      "models/sources.yml",
    ]);
    expect(file(files, "models/churn_view_training.sql")).toContain(
      `WITH "contracts" AS (SELECT "id", "plan" FROM {{ source('muster', "contracts") }})`,
    );
    expect(file(files, "models/sources.yml")).toContain(`/contracts/${"ef".repeat(32)}.parquet`);
  });

  test("runs nothing that stands in a name or a value of the data", () => {
    const evil = "{{ run_query('drop') }}{% set x %}{# c #}";
    const files = dbtFiles({
      ...exported,
      features: [{ kind: "column", name: "plan", column: evil, type: "text" }],
      sql: `SELECT "${evil}" FROM "contracts"`,
      sources: { contracts: { version: "ef".repeat(32), columns: [evil] } },
    });
    const ours =
      /\{\{ '\{' \}\}|\{\{ source\('muster', "contracts"\) \}\}|\{\{ config\(materialized='table'\) \}\}|\{\{ env_var\('MUSTER_LAKE'\) \}\}/g;
    for (const { path, text } of files) expect(text.replace(ours, ""), path).not.toMatch(/\{[{%#]/);
  });
});

describe("a feature view as an Airflow DAG", () => {
  test("calls the tools in order, on the view's timetable where there is one", () => {
    const { path, text } = airflowFile(exported, { cron: "0 3 * * 1", timeZone: "Europe/Berlin" });
    expect(path).toBe("dags/muster_churn_view.py");
    expect(text).toContain('schedule="0 3 * * 1"');
    expect(text).toContain('tz="Europe/Berlin"');
    expect(text.match(/pipeline\.\w+/g)).toEqual([
      "pipeline.build_labels",
      "pipeline.materialize_features",
      "pipeline.materialize_features",
      "pipeline.materialize_features",
    ]);
    expect(airflowFile(exported, null).text).toContain("schedule=None");
  });
});
