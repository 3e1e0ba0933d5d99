import type { Feature } from "@muster/shared/domain/feature.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { ViewSources } from "../store.ts";

/** A file of an export: where it goes in the project, and what stands in it. */
export type ExportFile = { path: string; text: string };

/** What is exported: a view's name and hash, its features, the SQL of its matrices, and what they read. */
export type Exported = {
  name: string;
  hash: string;
  problem: string;
  dataset: string;
  features: readonly Feature[];
  sql: string;
  scoringSql: string;
  sources: ViewSources;
};

/** Text that a template engine passes on as it is: dbt would run what stands between braces. */
const literal = (text: string): string => text.replace(/\{(?=[{%#])/g, "{{ '{' }}");

/** A YAML scalar: JSON's strings are YAML's. The braces of a template are escaped, since dbt reads descriptions too. */
const scalar = (text: string): string => JSON.stringify(text.replace(/\{(?=[{%#])/g, "{ "));

const modelName = (name: string, role: "training" | "scoring") => `${name}_${role}`;

/** A compiled matrix as a dbt model: each table that it reads is a source of the same name. */
function modelSql({ name, hash, sources }: Exported, sql: string, role: string): string {
  const tables = Object.entries(sources).map(
    ([table, { columns }]) =>
      `${literal(quoteIdent(table))} AS (SELECT ${columns.map((c) => literal(quoteIdent(c))).join(", ")} FROM {{ source('muster', ${scalar(table)}) }})`,
  );
  return `-- ${role} matrix of the feature view ${name}, view ${hash.slice(0, 12)}; written by muster, compiled from typed features.
{{ config(materialized='table') }}
WITH ${tables.join(",\n")}
SELECT * FROM (
${literal(sql)}
) AS matrix
`;
}

/** What a feature is made from, in words. */
function describe(feature: Feature): string {
  const { kind, name: _, ...rest } = feature;
  const parts = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined);
  return `${kind}: ${parts.map(([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ")}`;
}

function schemaYml(exported: Exported): string {
  const { name, features, hash, problem } = exported;
  const columns = (role: "training" | "scoring") => [
    ["__row", "Number of the row, from 0.", "not_null", "unique"],
    ["__entity", "Key of the entity.", "not_null"],
    ["__cutoff", "Moment at which the row is known; missing where the table has no time."],
    role === "training" ? ["__label", "The label.", "not_null"] : ["__label", "Missing: what is to be predicted."],
    ...features.map((feature) => [feature.name, describe(feature)]),
  ];
  const model = (role: "training" | "scoring") => `  - name: ${scalar(modelName(name, role))}
    description: ${scalar(`${role} matrix of ${name}: view ${hash}, problem ${problem}`)}
    columns:
${columns(role)
  .map(
    ([column, description, ...tests]) =>
      `      - name: ${scalar(column!)}
        quote: true
        description: ${scalar(description!)}${tests.length > 0 ? `\n        data_tests: [${tests.join(", ")}]` : ""}`,
  )
  .join("\n")}`;
  return `version: 2
models:
${(["training", "scoring"] as const).map(model).join("\n")}
`;
}

function sourcesYml({ sources }: Exported): string {
  const table = ([name, { version }]: [string, ViewSources[string]]) => `      - name: ${scalar(name)}
        description: ${scalar(`Version ${version} when the view was registered.`)}
        config:
          external_location: "read_parquet('{{ env_var('MUSTER_LAKE') }}/${name}/${version}.parquet')"`;
  return `version: 2
sources:
  - name: muster
    description: "The tables of muster's lake; MUSTER_LAKE is its folder (dbt-duckdb reads external_location)."
    tables:
${Object.entries(sources).map(table).join("\n")}
`;
}

/**
 * A view as a dbt project's files: a model for its training and one for its scoring matrix, their schema with tests, and
 * the sources. Column names are data: what a template engine would run is escaped.
 */
export function dbtFiles(exported: Exported): ExportFile[] {
  const { name, sql, scoringSql } = exported;
  return [
    { path: `models/${modelName(name, "training")}.sql`, text: modelSql(exported, sql, "training") },
    { path: `models/${modelName(name, "scoring")}.sql`, text: modelSql(exported, scoringSql, "scoring") },
    { path: "models/schema.yml", text: schemaYml(exported) },
    { path: "models/sources.yml", text: sourcesYml(exported) },
  ];
}
