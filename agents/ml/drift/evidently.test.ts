import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { FeatureColumn } from "../matrix.ts";
import { detectDrift } from "./detect.ts";
import { byEvidently } from "./evidently.ts";
import {
  californiaSmall,
  californiaWhole,
  employment2018,
  nannymlFolder,
  readCalifornia,
  readEmployment,
  rowsBetween,
} from "./testing-evidently.ts";

const there = existsSync(nannymlFolder);

describe.skipIf(!there)("the compatibility mode on nannyml_drift (skipped where ../shared/datasets is absent)", () => {
  it("gives Evidently's scores and verdicts on big windows", () => {
    const names = californiaWhole.map(([name]) => name as string);
    const only = (file: string) => readCalifornia(file).filter((column) => names.includes(column.name));
    const found = detectDrift({
      reference: only("california_housing_reference.csv"),
      current: only("california_housing_analysis.csv"),
      ...{ importance: null, seed: 1, method: "evidently", moving: [] },
      windows: { reference: "reference", current: "analysis" },
    });
    for (const [name, method, score] of californiaWhole) {
      const column = found.columns.find((c) => c.name === name)!;
      expect(column.method).toBe(method);
      expect(Math.abs(column.score! / score - 1)).toBeLessThan(1e-9);
      expect(column.verdict).toBe(score >= 0.1 ? "drifted" : "not_drifted");
    }
    expect(found).toMatchObject({ share: 0.7, verdict: "drifted" });
  });
  it("gives its p-values on small windows", () => {
    const reference = readCalifornia("california_housing_reference.csv");
    for (const [name, method, p] of californiaSmall) {
      const of = (from: number) => rowsBetween(reference, from, from + 800).find((c) => c.name === name)!;
      const found = byEvidently({ name, reference: of(0), current: of(800) })!;
      expect(found.method).toBe(method);
      expect(Math.abs(found.pValue! / p - 1)).toBeLessThan(1e-9);
      expect(found.verdict).toBe(p < 0.05 ? "drifted" : "not_drifted");
    }
  });
  it("gives its scores for numbers and categories on employment_MA, 2015 against 2018", async () => {
    const names = employment2018.map(([name]) => name);
    const reference = await readEmployment("employment_MA_reference.parquet", names);
    const current = await readEmployment("employment_MA_analysis.parquet", names, "year = 2018");
    for (const [i, [name, method, score]] of employment2018.entries()) {
      const found = byEvidently({ name, reference: reference[i]!, current: current[i]! })!;
      expect(found.method).toBe(method);
      expect(Math.abs(found.score! / score - 1)).toBeLessThan(1e-9);
      expect(found.verdict).toBe("not_drifted");
    }
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
