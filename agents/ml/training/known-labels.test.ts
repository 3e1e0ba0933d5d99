import { flatProblem, testProblem } from "@muster/shared/features/testing-problem.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import type { Labels } from "../labels.ts";
import { loadXgboost } from "../xgboost/library.ts";
import { knownTimes, labelTiming } from "./known-labels.ts";
import { meterOf } from "./meter.ts";
import { trainOn } from "./train.ts";

const at = (iso: string) => Date.parse(`${iso}T00:00:00Z`);
const known = (timing: ReturnType<typeof labelTiming>, ...isos: string[]) =>
  Array.from(knownTimes(Float64Array.from(isos, at), timing!), (ms) => new Date(ms).toISOString().slice(0, 10));

describe("when labels are known", () => {
  test("is after gap, window and delay; of an interval's end after its grace at least", () => {
    expect(known(labelTiming(testProblem()), "2025-07-01", "2025-10-01")).toEqual(["2025-10-31", "2026-01-31"]);
    const gapped = testProblem({
      ...{ gapDays: 7, labelDelayDays: 3, horizon: { count: 2, unit: "month" } },
      label: { kind: "occurs", time: "at", where: [], first: false, arrived: null },
    });
    // 31 December a week later is 7 January; two months on 7 March, and three days.
    expect(known(labelTiming(gapped), "2025-12-31")).toEqual(["2026-03-10"]);
  });

  test("of a flat table with a time is its delay; without either it is with the row", () => {
    expect(known(labelTiming(flatProblem({ time: "at", labelDelayDays: 7 })), "2026-02-25")).toEqual(["2026-03-04"]);
    expect(labelTiming(flatProblem({ time: "at" }))).toBeNull();
    expect(labelTiming(flatProblem({ labelDelayDays: 7 }))).toBeNull();
  });
});

test("labels of windows that overlap leak into folds that aren't purged: of pure chance they promise a good model, purged ones don't", async () => {
  // 500 entities at twelve months. What comes is chance, but a label looks six months ahead: five of them are the row's before.
  const random = seededRandom(3);
  const [entities, months, ahead] = [500, 12, 6];
  const events = Array.from({ length: entities }, () => Array.from({ length: months + ahead }, () => random() < 0.1));
  const traits = Array.from({ length: entities }, () => [random(), random(), random()]);
  const rows = Array.from({ length: entities * months }, (_, i) => ({
    entity: i % entities,
    month: Math.floor(i / entities),
  }));
  const values = Float64Array.from(rows, ({ entity, month }) =>
    events[entity]!.slice(month + 1, month + 1 + ahead).some((own) => own) ? 1 : 0,
  );
  const labels: Labels = { task: "binary", classes: ["no", "yes"], values };
  const time = Float64Array.from(rows, ({ month }) => month);
  const columns = [0, 1, 2].map((t) => ({
    ...{ name: `trait_${t}`, type: "number" as const },
    values: Float64Array.from(rows, ({ entity }) => traits[entity]![t]!),
  }));
  const trees = {
    ...{ rounds: 1, parallelTrees: 40, learningRate: 1, maxDepth: 14, minChildWeight: 0.25, lambda: 0.01, gamma: 0 },
    ...{ subsample: 0.63, columnsPerTree: 1, columnsPerSplit: 0.5, maxBins: 256 },
  };
  const aucOf = async (known: Float64Array | null) => {
    const entity = rows.map((row) => `e${row.entity}`);
    const set = { row: Float64Array.from(rows, (_, i) => i), entity, time, known, labels, columns };
    const { board } = await trainOn(
      set,
      {
        ...{
          file: "",
          task: "binary",
          metric: "roc_auc",
          positive: null,
          features: [],
          folds: 5,
          time: null,
          costs: null,
        },
        candidates: [{ name: "forest", params: { algorithm: "random_forest", trees }, why: "", work: 0 }],
        ...{ seed: 1, threads: 1, cpuSecondsLimit: 1000, memoryLimitMb: 1000, xgboostLibrary: null },
      },
      {
        ...{ xgboost: loadXgboost(), threads: 1, seed: 1, meter: meterOf(1000, () => 0) },
        ...{ wallSeconds: () => 0, breathe: async () => {}, onProgress: () => {} },
      },
    );
    return board[0]!.cv.roc_auc!.mean;
  };
  expect(await aucOf(null)).toBeGreaterThan(0.7);
  expect(Math.abs((await aucOf(time.map((month) => month + ahead))) - 0.5)).toBeLessThan(0.06);
}, 60_000);
