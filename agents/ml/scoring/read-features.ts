import type { Engine } from "@muster/shared/warehouse/duckdb.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { FeatureColumn } from "../matrix.ts";

/** A feature as the graph reads it. */
export type FeatureInput = { name: string; type: "number" | "category" };

/** Rows of a matrix: the entity's key, the cutoff (ISO 8601, null without one), and the features in the asked order. */
export type FeatureRows = {
  rows: number;
  entity: (string | null)[];
  cutoff: (string | null)[];
  columns: FeatureColumn[];
};

/**
 * Reads feature rows of a relation with `__entity` and `__cutoff`, in an order that the same rows always have. `where` and
 * `limit` are SQL of ours; numbers that are missing or infinite become NaN, missing categories "".
 */
export async function readFeatures(
  engine: Engine,
  features: readonly FeatureInput[],
  from: { relation: string; where?: string; order: string; limit?: number },
): Promise<FeatureRows> {
  const { where, order, limit } = from;
  const rest = `FROM ${from.relation}${where ? ` WHERE ${where}` : ""} ORDER BY ${order}${limit ? ` LIMIT ${limit}` : ""}`;
  const categories = features.filter(({ type }) => type === "category");
  const numbers = features.filter(({ type }) => type === "number");
  const texts = await engine.query(
    `SELECT CAST(__entity AS VARCHAR) AS __entity, CAST(__cutoff AS TIMESTAMP) AS __cutoff${categories
      .map(({ name }) => `, coalesce(CAST(${quoteIdent(name)} AS VARCHAR), '') AS ${quoteIdent(name)}`)
      .join("")} ${rest}`,
  );
  const rows = texts.length;
  const values = new Map(numbers.map(({ name }) => [name, new Float64Array(rows)]));
  if (numbers.length > 0) {
    const select = numbers.map(({ name }) => {
      const value = `CAST(${quoteIdent(name)} AS DOUBLE)`;
      return `CASE WHEN isfinite(${value}) THEN ${value} ELSE 'NaN'::DOUBLE END`;
    });
    let at = 0;
    for await (const chunk of engine.chunks(`SELECT ${select.join(", ")} ${rest}`)) {
      numbers.forEach(({ name }, i) => {
        values.get(name)!.set((chunk.columns[i] as Float64Array).subarray(0, chunk.rows), at);
      });
      at += chunk.rows;
    }
  }
  return {
    rows,
    entity: texts.map((row) => row.__entity as string | null),
    cutoff: texts.map((row) => row.__cutoff as string | null),
    columns: features.map(({ name, type }) =>
      type === "number"
        ? { name, type, values: values.get(name)! }
        : { name, type, values: texts.map((row) => row[name] as string) },
    ),
  };
}
