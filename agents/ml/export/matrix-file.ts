import { rm } from "node:fs/promises";
import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { quoteIdent, quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { openPins } from "@muster/shared/warehouse/write-query.ts";
import type { FittedModel } from "../fitted.ts";
import { type FeatureRows, readFeatures } from "../scoring/read-features.ts";

type Access = FactValue<"access.cleared">["columns"];

/** Which columns of a training matrix go into an export, and which stay with the reason. */
export type Exported = { features: string[]; left: { name: string; reason: string }[] };

/**
 * What of a matrix may be exported: its label and whatever else the person may see as it is. Keys of entities never are.
 * `denied` where the label or something that the model reads may not be seen so: without it nothing can be recomputed.
 */
export function exportable(columns: readonly string[], access: Access, reads: readonly string[]): Exported {
  const shown = (name: string) => access[name]?.show === "plain";
  const hidden = ["__label", ...reads].filter((name) => !shown(name));
  if (hidden.length > 0)
    throw fault(
      "denied",
      `${hidden.join(", ")} of the training matrix may not be shown as it is: ${access[hidden[0]!]?.reason ?? "it isn't classified"}; ask for another purpose, or somebody who may see it`,
      { columns: hidden },
    );
  const own = columns.filter((name) => !name.startsWith("__"));
  return {
    features: own.filter(shown),
    left: own
      .filter((name) => !shown(name))
      .map((name) => ({ name, reason: access[name]?.reason ?? "it isn't classified" })),
  };
}

/**
 * Writes a training matrix as one Parquet file: `row`, `group` (the first row of the same entity, where it has entities),
 * `cutoff`, `label` and features; gives the first rows as the model reads them, with their numbers.
 */
export async function writeMatrix(
  lake: Lake,
  {
    pin,
    file,
    features,
    inputs,
    most,
  }: {
    pin: DatasetPin;
    file: string;
    features: readonly string[];
    inputs: FittedModel["inputs"];
    most: number;
  },
): Promise<FeatureRows & { row: number[] }> {
  const engine = await openPins(lake, { matrix: pin }, { timeLimitMs: 600_000, memoryMb: 2048 }, [file]);
  try {
    const first = "CASE WHEN __entity IS NULL THEN __row ELSE min(__row) OVER (PARTITION BY __entity) END";
    const select = [
      "__row AS row",
      `${first} AS "group"`,
      "__cutoff AS cutoff",
      "__label AS label",
      ...features.map(quoteIdent),
    ];
    const sql = `SELECT ${select.join(", ")} FROM matrix ORDER BY __row`;
    await engine.run(`COPY (${sql}) TO ${quoteLiteral(file)} (FORMAT parquet, COMPRESSION zstd)`);
    const order = { relation: "matrix", order: "__row", limit: most };
    const rows = await engine.query<{ row: number }>(
      `SELECT __row::DOUBLE AS row FROM matrix ORDER BY __row LIMIT ${most}`,
    );
    return { ...(await readFeatures(engine, inputs, order)), row: rows.map(({ row }) => row) };
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    engine.close();
  }
}
