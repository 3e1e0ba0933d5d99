import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import type { FeatureColumn } from "../matrix.ts";
import { type DriftInput, detectDrift } from "./detect.ts";
import { independentRows, tenColumns, timeBlocks } from "./simulate.ts";

const windows = { reference: "orders@before", current: "orders@now" };
const base = { importance: null, seed: 1, method: "default" as const, moving: [], windows };

function windowsOf(reference: number, current: number, change: (columns: FeatureColumn[]) => void = () => {}) {
  const random = seededRandom(21);
  const input = { ...base, reference: tenColumns(reference, random), current: tenColumns(current, random) };
  change(input.current);
  return input;
}
const numbers = (columns: FeatureColumn[], name: string): Float64Array => {
  const column = columns.find((c) => c.name === name)!;
  if (column.type !== "number") throw new Error(`${name} isn't a number`);
  return column.values;
};
const of = (input: DriftInput, name: string) => detectDrift(input).columns.find((c) => c.name === name)!;

describe("false alarms and finds, simulated", () => {
  it.each([50, 200, 1000, 10_000])(
    "at most 5 % of reports are false alarms at %i rows",
    (current) => {
      const { drifted } = independentRows({ reference: 3000, current, repetitions: 25, seed: current });
      expect(drifted).toBeLessThanOrEqual(0.05);
    },
    120_000,
  );
  it("a shift of one deviation in one of ten columns is found at 1,000 rows", () => {
    const { drifted } = independentRows({ reference: 3000, current: 1000, repetitions: 20, seed: 2, shift: 1 });
    expect(drifted).toBeGreaterThanOrEqual(0.95);
  }, 120_000);
  it.each([50, 200, 1000, 10_000])(
    "rows that resemble their neighbours in time raise no more alarms at %i rows",
    (current) => {
      const random = seededRandom(4);
      let level = 0;
      const values = Float64Array.from({ length: 20_000 }, (_, i) => {
        if (i % 50 === 0) level = normal(random);
        return level + normal(random);
      });
      const history: FeatureColumn[] = [{ name: "level", type: "number", values }];
      const setting = { reference: 8000, current, repetitions: 40, seed: current };
      expect(timeBlocks(setting, history, 50).drifted).toBeLessThanOrEqual(0.05);
    },
    120_000,
  );
});

describe("a report", () => {
  it("abstains on 8 rows", () => {
    const report = detectDrift(windowsOf(5000, 8));
    expect(report.verdict).toBe("abstained");
    expect(report.reason).toContain("8 rows");
    expect(report.columns.every((c) => c.verdict === "abstained")).toBe(true);
  });
  it("is the same for the same input", () => {
    expect(detectDrift(windowsOf(3000, 400))).toEqual(detectDrift(windowsOf(3000, 400)));
  });
  it("counts a change of the missing rate", () => {
    const input = windowsOf(3000, 1000, (current) => numbers(current, "plain").fill(Number.NaN, 0, 200));
    const report = detectDrift(input);
    expect(report.verdict).toBe("drifted");
    expect(report.reason).toContain("plain");
    expect(report.columns.find((c) => c.name === "plain")!.missing).toEqual({ reference: 0, current: 0.2 });
  });
  it("finds new categories and counts them", () => {
    const input = windowsOf(3000, 1000, (current) => {
      const column = current.find((c) => c.name === "five")!;
      if (column.type === "category") column.values.fill("a new one", 0, 150);
    });
    const found = of(input, "five");
    expect(found).toMatchObject({ verdict: "drifted", newCategories: 1, newShare: 0.15, method: "jensen_shannon" });
  });
  it("takes a column that the current rows lack as all missing", () => {
    const input = windowsOf(3000, 300);
    input.current = input.current.filter((c) => c.name !== "heavy");
    expect(of(input, "heavy")).toMatchObject({ verdict: "drifted", score: 1, missing: { reference: 0, current: 1 } });
  });
  it("isn't drifted by a column of no importance alone, and is by one that matters", () => {
    const input = windowsOf(3000, 1000, (current) => {
      const plain = numbers(current, "plain");
      plain.forEach((v, i) => {
        plain[i] = v + 1;
      });
    });
    const idle = detectDrift({ ...input, importance: { plain: 0, five: 1 } });
    expect(idle.verdict).toBe("not_drifted");
    expect(idle.columns.find((c) => c.name === "plain")!.verdict).toBe("drifted");
    expect(idle.share).toBeCloseTo(0.1);
    expect(detectDrift({ ...input, importance: { plain: 0.3, five: 0.7 } }).verdict).toBe("drifted");
  });
  it("passes over an effect too small to matter, however sure it is", () => {
    const random = seededRandom(3);
    const column = (n: number, shift: number): FeatureColumn => ({
      name: "x",
      type: "number",
      values: Float64Array.from({ length: n }, () => normal(random) + shift),
    });
    const found = of({ ...base, reference: [column(60_000, 0)], current: [column(60_000, 0.08)] }, "x");
    expect(found.pValue).toBeLessThanOrEqual(0.01);
    expect(found.verdict).toBe("not_drifted");
  });
  it("carries the null of a sample to the real size", () => {
    const threshold = (rows: number) => of(windowsOf(rows, rows), "plain").threshold!;
    expect(threshold(8000) / threshold(2000)).toBeGreaterThan(0.42);
    expect(threshold(8000) / threshold(2000)).toBeLessThan(0.58);
  });
  it("says drifted exactly where the score passes the threshold, with time too", () => {
    const minutes = (from: number, n: number) => Float64Array.from({ length: n }, (_, i) => (from + i) * 60_000);
    const times = { reference: minutes(0, 4000), current: minutes(4000, 400) };
    const seen = new Set<string>();
    for (const shift of [0, 0.1, 0.2, 0.25, 0.3, 0.4, 0.6]) {
      const input = windowsOf(4000, 400, (current) => {
        const plain = numbers(current, "plain");
        plain.forEach((v, i) => {
          plain[i] = v + shift;
        });
      });
      for (const c of detectDrift({ ...input, times }).columns) {
        expect(c.verdict).toBe(c.score! > c.threshold! ? "drifted" : "not_drifted");
        seen.add(c.verdict);
      }
    }
    expect(seen.size).toBe(2);
  });
  it("leaves out what moves by construction and says why", () => {
    const random = seededRandom(6);
    const input = windowsOf(2000, 500);
    const add = (columns: FeatureColumn[], from: number) => {
      const n = columns[0]!.values.length;
      columns.push({ name: "id", type: "category", values: Array.from({ length: n }, (_, i) => `row ${from + i}`) });
      columns.push({ name: "number", type: "number", values: Float64Array.from({ length: n }, (_, i) => from + i) });
      columns.push({
        name: "meter",
        type: "number",
        values: Float64Array.from({ length: n }, (_, i) => (from + i) * 0.37 + random()),
      });
      columns.push({
        name: "age",
        type: "number",
        values: Float64Array.from({ length: n }, () => from + random() * 9),
      });
    };
    add(input.reference, 0);
    add(input.current, 2000);
    const times = {
      reference: Float64Array.from({ length: 2000 }, (_, i) => i * 60_000),
      current: Float64Array.from({ length: 500 }, (_, i) => (2000 + i) * 60_000),
    };
    const report = detectDrift({ ...input, times, moving: ["age"] });
    expect(report.leftOut.map((c) => c.name).sort()).toEqual(["age", "id", "meter", "number"]);
    expect(report.verdict).toBe("not_drifted");
    expect(report.baseline.kind).toBe("history");
  });
  it("compares with the same part of the week", () => {
    const random = seededRandom(12);
    const hour = 3_600_000;
    const make = (from: number, hours: number, keep: (hour: number) => boolean) => {
      const times: number[] = [];
      for (let h = from; h < from + hours; h++) if (keep(h % 24)) for (let k = 0; k < 10; k++) times.push(h * hour);
      const values = Float64Array.from(times, (t) => 5 * Math.sin(((t / hour) % 24) / 3.8) + normal(random));
      return { times: Float64Array.from(times), columns: [{ name: "load", type: "number" as const, values }] };
    };
    const reference = make(0, 24 * 60, () => true);
    const current = make(24 * 60, 24, (h) => h < 6);
    const times = { reference: reference.times, current: current.times };
    const input = { ...base, reference: reference.columns, current: current.columns };
    const report = detectDrift({ ...input, times });
    expect(report.baseline.season).toEqual(["week"]);
    expect(report.verdict).toBe("not_drifted");
    expect(detectDrift(input).verdict).toBe("drifted");
  });
  it("puts prediction drift beside data drift", () => {
    const input = windowsOf(2000, 500);
    const scores = (n: number, power: number, random = seededRandom(n)): FeatureColumn => ({
      name: "score",
      type: "number",
      values: Float64Array.from({ length: n }, () => random() ** power),
    });
    const report = detectDrift({ ...input, prediction: { reference: scores(2000, 1), current: scores(500, 3) } });
    expect(report.prediction).toMatchObject({ name: "score", verdict: "drifted" });
    expect(report).toMatchObject({ verdict: "drifted", reason: "the predictions drifted", share: 0 });
  });
  it("gives the stability index on request and its own least rows", () => {
    const shifted = windowsOf(2000, 500, (current) => {
      const plain = numbers(current, "plain");
      plain.forEach((v, i) => {
        plain[i] = v + 1;
      });
    });
    expect(of({ ...shifted, method: "psi" }, "plain")).toMatchObject({ method: "psi", verdict: "drifted" });
    expect(detectDrift({ ...windowsOf(2000, 500), method: "psi" }).verdict).toBe("not_drifted");
    expect(detectDrift({ ...windowsOf(2000, 60), method: "psi" }).verdict).toBe("abstained");
  });
  it("refuses windows that don't fit together", () => {
    const invalid = expect.objectContaining({ code: "invalid_input" });
    const input = windowsOf(100, 100);
    expect(() => detectDrift({ ...input, current: [{ name: "plain", type: "category", values: ["a"] }] })).toThrow(
      invalid,
    );
    const times = { reference: new Float64Array(3), current: new Float64Array(100) };
    expect(() => detectDrift({ ...input, times })).toThrow(invalid);
  });
});
