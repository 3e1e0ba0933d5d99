import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openEngine } from "@muster/shared/warehouse/duckdb.ts";
import { describe, expect, it } from "vitest";
import type { FeatureColumn } from "../matrix.ts";
import { detectDrift } from "./detect.ts";
import { byEvidently } from "./evidently.ts";

const folder = new URL("../../../../shared/datasets/nannyml_drift/", import.meta.url);

/*
 * Expected values: Evidently 0.7.23's rules (legacy/calculations/stattests: registry, ks, z, chisquare, wasserstein_distance_norm,
 * jensenshannon) computed in Python on the same rows with scipy 1.17.1 (ks_2samp, chisquare, norm, wasserstein_distance,
 * spatial.distance.jensenshannon), numpy 2.4.6 and pandas 3.1.1; relative tolerance 1e-9.
 */
const whole = [
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
const firstAgainstNext800 = [
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

function read(file: string): FeatureColumn[] {
  const [head, ...lines] = readFileSync(new URL(file, folder), "utf8").trim().split("\n");
  const cells = lines.map((line) => line.split(","));
  return head!
    .trim()
    .split(",")
    .map((name, c) => ({ name, type: "number", values: Float64Array.from(cells, (row) => Number(row[c])) }));
}
const rows = (columns: FeatureColumn[], from: number, to: number): FeatureColumn[] =>
  columns.map((c) => (c.type === "number" ? { ...c, values: c.values.slice(from, to) } : c));

describe.skipIf(!existsSync(folder))(
  "the compatibility mode on nannyml_drift (skipped where ../shared/datasets is absent)",
  () => {
    const names = whole.map(([name]) => name as string);
    const only = (columns: FeatureColumn[]) => columns.filter((c) => names.includes(c.name));
    const report = (reference: FeatureColumn[], current: FeatureColumn[]) =>
      detectDrift({
        reference,
        current,
        importance: null,
        seed: 1,
        method: "evidently",
        moving: [],
        windows: { reference: "reference", current: "analysis" },
      });
    it("gives Evidently's scores and verdicts on big windows", () => {
      const found = report(only(read("california_housing_reference.csv")), read("california_housing_analysis.csv"));
      for (const [name, method, score] of whole) {
        const column = found.columns.find((c) => c.name === name)!;
        expect(column.method).toBe(method);
        expect(Math.abs(column.score! / score - 1)).toBeLessThan(1e-9);
        expect(column.verdict).toBe(score >= 0.1 ? "drifted" : "not_drifted");
      }
      expect(found).toMatchObject({ share: 0.7, verdict: "drifted" });
    });
    it("gives its p-values on small windows", () => {
      const reference = read("california_housing_reference.csv");
      for (const [name, method, p] of firstAgainstNext800) {
        const of = (from: number) => rows(reference, from, from + 800).find((c) => c.name === name)!;
        const found = byEvidently({ name, reference: of(0), current: of(800) })!;
        expect(found.method).toBe(method);
        expect(Math.abs(found.pValue! / p - 1)).toBeLessThan(1e-9);
        expect(found.verdict).toBe(p < 0.05 ? "drifted" : "not_drifted");
      }
    });
  },
);

const employment = [
  ["AGEP", "wasserstein", 0.023784886684748475],
  ["predicted_probability", "wasserstein", 0.006248544326486388],
  ["SCHL", "jensen_shannon", 0.0221237352850321],
  ["RELP", "jensen_shannon", 0.015778746940676547],
  ["SEX", "jensen_shannon", 0.0013964284507330556],
  ["prediction", "jensen_shannon", 0.0014405170829453417],
] as const;

describe.skipIf(!existsSync(folder))("the compatibility mode on employment_MA, 2015 against 2018", () => {
  it("gives Evidently's scores for numbers and categories", async () => {
    const [before, now] = ["employment_MA_reference.parquet", "employment_MA_analysis.parquet"].map((file) =>
      fileURLToPath(new URL(file, folder)),
    ) as [string, string];
    const engine = await openEngine({ files: [before, now], memoryMb: 500, threads: 1 });
    const read = async (name: string, from: string): Promise<FeatureColumn> => {
      const rows = await engine.query(`SELECT "${name}" AS v FROM ${from}`);
      return name === name.toUpperCase() && name !== "AGEP"
        ? { name, type: "category", values: rows.map((row) => String(row.v)) }
        : { name, type: "number", values: Float64Array.from(rows, (row) => Number(row.v)) };
    };
    for (const [name, method, score] of employment) {
      const reference = await read(name, `read_parquet('${before}')`);
      const current = await read(name, `read_parquet('${now}') WHERE year = 2018`);
      const found = byEvidently({ name, reference, current })!;
      expect(found.method).toBe(method);
      expect(Math.abs(found.score! / score - 1)).toBeLessThan(1e-9);
      expect(found.verdict).toBe("not_drifted");
    }
    engine.close();
  }, 60_000);
});

describe("the compatibility mode on categories", () => {
  const column = (counts: Record<string, number>): FeatureColumn => ({
    name: "c",
    type: "category",
    values: Object.entries(counts).flatMap(([value, n]) => new Array<string>(n).fill(value)),
  });
  it("tests three categories by chi-square, missing rows dropped", () => {
    // scipy 1.17.1 stats.chisquare([15, 10, 45, 30], [10, 20, 30, 40]).
    const found = byEvidently({
      name: "c",
      reference: column({ a: 10, b: 20, c: 30, d: 40, "": 7 }),
      current: column({ a: 15, b: 10, c: 45, d: 30, "": 50 }),
    })!;
    expect(found.method).toBe("chi_square");
    expect(found.pValue).toBeCloseTo(0.0005576414881366014, 14);
  });
  it("has no score where a side is all missing", () => {
    expect(byEvidently({ name: "c", reference: column({ a: 40 }), current: column({ "": 40 }) })).toBeNull();
  });
});
