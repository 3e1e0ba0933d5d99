import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openEngine } from "@muster/shared/warehouse/duckdb.ts";
import type { FeatureColumn } from "../matrix.ts";

/** The public sets with drift that the compatibility mode is held to; absent where ../shared/datasets is. */
export const nannymlFolder = new URL("../../../../shared/datasets/nannyml_drift/", import.meta.url);

/*
 * Expected values: Evidently 0.7.23's rules (legacy/calculations/stattests: registry, ks, z, chisquare, wasserstein_distance_norm,
 * jensenshannon) computed in Python on the same rows with scipy 1.17.1 (ks_2samp, chisquare, norm, wasserstein_distance,
 * spatial.distance.jensenshannon), numpy 2.4.6 and pandas 3.1.1; relative tolerance 1e-9.
 */

/** California housing, reference against analysis: column, method, score. */
export const californiaWhole = [
  ["MedInc", "wasserstein", 0.15753733680687249],
  ["HouseAge", "wasserstein", 0.1785648209398319],
  ["AveRooms", "wasserstein", 0.0827668802573776],
  ["AveBedrms", "wasserstein", 0.0352040007812698],
  ["Population", "wasserstein", 0.04341135431844789],
  ["AveOccup", "wasserstein", 0.23571410508346613],
  ["Latitude", "wasserstein", 1.1244579951579723],
  ["Longitude", "wasserstein", 1.243107242081922],
  ["y_pred_proba", "wasserstein", 0.5313243748595077],
  ["y_pred", "jensen_shannon", 0.17815874114575717],
] as const;

/** Its reference's first 800 rows against the next 800: column, test, p-value. */
export const californiaSmall = [
  ["MedInc", "ks", 0.0017572120750418562],
  ["HouseAge", "ks", 0.0006653371122171821],
  ["AveRooms", "ks", 9.333949459456437e-6],
  ["AveBedrms", "ks", 0.07743396079392581],
  ["Population", "ks", 0.045559747020810754],
  ["AveOccup", "ks", 0.7115715557110696],
  ["Longitude", "ks", 6.816823070117629e-32],
  ["y_pred", "z_test", 0.01678483240802997],
  ["clf_target", "z_test", 1.0145854956178368e-7],
] as const;

/** Employment in Massachusetts, reference (2015) against 2018: column, method, score. */
export const employment2018 = [
  ["AGEP", "wasserstein", 0.023784886684748475],
  ["predicted_probability", "wasserstein", 0.006248544326486388],
  ["SCHL", "jensen_shannon", 0.0221237352850321],
  ["RELP", "jensen_shannon", 0.015778746940676547],
  ["SEX", "jensen_shannon", 0.0013964284507330556],
  ["prediction", "jensen_shannon", 0.0014405170829453417],
] as const;

/** A CSV of the California set, all its columns as numbers. */
export function readCalifornia(file: string): FeatureColumn[] {
  const [head, ...lines] = readFileSync(new URL(file, nannymlFolder), "utf8").trim().split("\n");
  const cells = lines.map((line) => line.split(","));
  return head!
    .trim()
    .split(",")
    .map((name, c) => ({ name, type: "number", values: Float64Array.from(cells, (row) => Number(row[c])) }));
}

/** Rows of columns of numbers. */
export const rowsBetween = (columns: FeatureColumn[], from: number, to: number): FeatureColumn[] =>
  columns.map((column) =>
    column.type === "number"
      ? { ...column, values: column.values.slice(from, to) }
      : { ...column, values: column.values.slice(from, to) },
  );

/** Some columns of a file of the employment set in its order; those in capitals but the age are categories. `where`: SQL of ours. */
export async function readEmployment(file: string, names: readonly string[], where = "true"): Promise<FeatureColumn[]> {
  const path = fileURLToPath(new URL(file, nannymlFolder));
  const engine = await openEngine({ files: [path], memoryMb: 500, threads: 1 });
  try {
    const columns: FeatureColumn[] = [];
    for (const name of names) {
      const rows = await engine.query(`SELECT "${name}" AS v FROM read_parquet('${path}') WHERE ${where} ORDER BY id`);
      columns.push(
        name === name.toUpperCase() && name !== "AGEP"
          ? { name, type: "category", values: rows.map((row) => String(row.v)) }
          : { name, type: "number", values: Float64Array.from(rows, (row) => Number(row.v)) },
      );
    }
    return columns;
  } finally {
    engine.close();
  }
}
