import { normal, seededRandom } from "@muster/shared/random.ts";
import { takeRows } from "../encode.ts";
import type { FeatureColumn } from "../matrix.ts";
import { detectDrift } from "./detect.ts";

/** One simulated setting. `shift`: in standard deviations, on one column of the current rows. */
export type Setting = {
  reference: number;
  current: number;
  repetitions: number;
  seed: number;
  shift?: number;
  method?: "default" | "psi" | "evidently";
};

/** How often a report said drifted, 0..1, and how many reports were made. */
export type Alarms = { drifted: number; repetitions: number };

/**
 * Alarms on independent rows of 10 columns: 6 numbers (normal, heavy-tailed, few-valued, correlated, with missing rows) and
 * 4 categories (2, 5, 30 and 300 values, the last ones rare). Without `shift` nothing drifts, so every alarm is false.
 */
export function independentRows(setting: Setting): Alarms {
  return alarms(setting, (random) => {
    const reference = tenColumns(setting.reference, random);
    const current = tenColumns(setting.current, random);
    const first = current[0]!;
    if (first.type === "number") first.values = first.values.map((v) => v + (setting.shift ?? 0));
    return { reference, current, times: null };
  });
}

/**
 * Alarms on resampled blocks of time: windows put together from random blocks of consecutive rows of real (or generated)
 * history. Rows of a block resemble each other; between blocks nothing drifts, so without a `shift` (of the first number, in its
 * deviations) every alarm is false. The current window follows the reference in time.
 */
export function timeBlocks(setting: Setting, history: FeatureColumn[], blockRows: number): Alarms {
  const moved = history.findIndex(({ type }) => type === "number");
  const rows = history[0]!.values.length;
  return alarms(setting, (random) => {
    const draw = (wanted: number): Int32Array => {
      const chosen = new Int32Array(wanted);
      for (let i = 0; i < wanted; ) {
        const start = Math.floor(random() * (rows - blockRows + 1));
        for (let k = 0; k < blockRows && i < wanted; k++) chosen[i++] = start + k;
      }
      return chosen;
    };
    const minutes = (from: number, n: number) => Float64Array.from({ length: n }, (_, i) => (from + i) * 60_000);
    const current = takeRows(history, draw(setting.current));
    const column = current[moved];
    if (setting.shift && column?.type === "number") {
      const by = setting.shift * deviationOf((history[moved] as typeof column).values);
      column.values = column.values.map((v) => v + by);
    }
    return {
      reference: takeRows(history, draw(setting.reference)),
      current,
      times: { reference: minutes(0, setting.reference), current: minutes(setting.reference, setting.current) },
    };
  });
}

type Windows = {
  reference: FeatureColumn[];
  current: FeatureColumn[];
  times: { reference: Float64Array; current: Float64Array } | null;
};

function alarms({ repetitions, seed, method }: Setting, make: (random: () => number) => Windows): Alarms {
  const random = seededRandom(seed);
  let drifted = 0;
  for (let r = 0; r < repetitions; r++) {
    const report = detectDrift({
      ...make(random),
      importance: null,
      seed: seed + r,
      method: method ?? "default",
      moving: [],
      windows: { reference: "simulated reference", current: "simulated current" },
    });
    if (report.verdict === "drifted") drifted++;
  }
  return { drifted: drifted / repetitions, repetitions };
}

/** Ten columns of independent rows, as `independentRows` describes them. */
export function tenColumns(rows: number, random: () => number): FeatureColumn[] {
  const numbers = (name: string, of: (i: number) => number): FeatureColumn => ({
    name,
    type: "number",
    values: Float64Array.from({ length: rows }, (_, i) => of(i)),
  });
  const categories = (name: string, count: number): FeatureColumn => ({
    name,
    type: "category",
    values: Array.from({ length: rows }, () => `c${Math.floor(random() ** 2 * count)}`),
  });
  const base = Float64Array.from({ length: rows }, () => normal(random));
  return [
    numbers("plain", (i) => base[i]!),
    numbers("correlated", (i) => 0.9 * base[i]! + 0.4 * normal(random)),
    numbers("heavy", () => Math.exp(2 * normal(random))),
    numbers("few", () => Math.floor(random() * 4)),
    numbers("holes", () => (random() < 0.2 ? Number.NaN : normal(random))),
    numbers("rare", () => (random() < 0.002 ? 1 : 0)),
    categories("two", 2),
    categories("five", 5),
    categories("thirty", 30),
    categories("many", 300),
  ];
}

function deviationOf(values: Float64Array): number {
  const present = values.filter((v) => !Number.isNaN(v));
  const mean = present.reduce((sum, v) => sum + v, 0) / present.length;
  return Math.sqrt(present.reduce((sum, v) => sum + (v - mean) ** 2, 0) / present.length);
}
