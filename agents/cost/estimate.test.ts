import { Estimate, FinishedRun, type TrainingWork } from "@muster/shared/domain/estimate.ts";
import { calibrate, peakOf } from "@muster/shared/estimate/calibrate.ts";
import { workTerms } from "@muster/shared/estimate/work.ts";
import { describe, expect, it } from "vitest";
import { estimateTraining, replay } from "./estimate.ts";
import { generatedRuns, type TrueCosts } from "./generated-runs.ts";
import { defaultPrices, usd } from "./price.ts";

const speed = { gatherNs: 1, multiplyNs: 0.8 };
/** A machine that is nowhere near its benchmark: two to four times as slow, and hungrier. */
const truth: TrueCosts = {
  xgboost: [0.1, 8e-8, 1.5e-9, 8e-9, 7e-8],
  random_forest: [0.2, 8e-8, 3e-9, 7e-9, 3e-7],
  linear: [0.3, 1e-6, 4e-9, 6e-10],
  memory: [220, 4e-5, 5e-5, 4e-5],
};
const data = { task: "binary", classes: 2, rarest: 0.3, indicators: 6, passes: 4 } as const;
const work: TrainingWork = {
  ...{ algorithm: "xgboost", rows: 10_000, columns: 30, rounds: 400, folds: 5, threads: 2, data },
  parameters: { learningRate: 0.1, maxDepth: 3, patience: 25, minChildWeight: 5, subsample: 0.8, maxBins: 64 },
};
const width = ({ low, high }: { low: number; high: number }) => high / low;

const seeds = [1, 2, 3, 4, 5, 6];
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

describe("after 12 runs on a machine whose true costs are known", () => {
  const scored = (quantity: "cpuSeconds" | "memoryMb") =>
    seeds.flatMap((seed) => {
      const [past, future] = [generatedRuns(12, truth, seed), generatedRuns(100, truth, seed + 1000)];
      const model = calibrate(past, speed);
      return future.map((run) => {
        const { low, mid, high } = estimateTraining(model, run, defaultPrices, null)[quantity];
        const actual = quantity === "cpuSeconds" ? run.reduce((sum, part) => sum + part.cpuSeconds, 0) : peakOf(run);
        return { error: Math.abs(mid - actual) / actual, inside: low <= actual && actual <= high, width: high / low };
      });
    });
  it.each(["cpuSeconds", "memoryMb"] as const)(
    "%s: median error at most 25 %, 90 %% interval holds 85 %%",
    (quantity) => {
      const scores = scored(quantity);
      expect(median(scores.map(({ error }) => error))).toBeLessThanOrEqual(0.25);
      expect(scores.filter(({ inside }) => inside).length / scores.length).toBeGreaterThanOrEqual(0.85);
      // An interval that holds everything says nothing.
      expect(median(scores.map((one) => one.width))).toBeLessThan(4);
    },
  );
  it("its own replay finds the error that later runs have", () => {
    const { medianError, covered, runs } = replay(generatedRuns(60, truth, 7), speed, "cpu");
    expect(runs).toBe(20);
    expect(medianError).toBeLessThanOrEqual(0.25);
    expect(covered).toBeGreaterThanOrEqual(0.85);
  });
});

describe("an estimate", () => {
  const fresh = estimateTraining(calibrate([], speed), [work], defaultPrices, null);
  it("keeps its shape, before and after any run", () => {
    expect(Estimate.parse(fresh)).toEqual(fresh);
    const later = estimateTraining(calibrate(generatedRuns(20, truth, 1), speed), [work], defaultPrices, 0.1);
    expect(Estimate.parse(later).basedOn).toMatchObject({ prior: false, error: 0.1 });
    expect(fresh.basedOn).toEqual({ runs: 0, prior: true, error: null });
  });
  it("narrows with runs", () => {
    const later = estimateTraining(calibrate(generatedRuns(60, truth, 1), speed), [work], defaultPrices, null);
    expect(width(later.cpuSeconds)).toBeLessThan(width(fresh.cpuSeconds) / 1.5);
  });
  it("expects early stopping: an upper bound that is never reached costs nothing", () => {
    const bound = estimateTraining(calibrate([], speed), [{ ...work, rounds: 4000 }], defaultPrices, null);
    expect(bound.cpuSeconds.mid / fresh.cpuSeconds.mid).toBeCloseTo(1, 2);
    const all = estimateTraining(calibrate([], speed), [{ ...work, rounds: 20 }], defaultPrices, null);
    expect(all.cpuSeconds.mid).toBeLessThan(fresh.cpuSeconds.mid / 1.5);
  });
  it("is honest before any run without being absurd", () => {
    expect(width(fresh.cpuSeconds)).toBeGreaterThan(3);
    expect(width(fresh.cpuSeconds)).toBeLessThan(16);
    expect(width(fresh.memoryMb)).toBeLessThan(3);
  });
  it("follows the machine's speed before any run", () => {
    const slow = estimateTraining(calibrate([], { gatherNs: 3, multiplyNs: 2.4 }), [work], defaultPrices, null);
    expect(slow.cpuSeconds.mid / fresh.cpuSeconds.mid).toBeCloseTo(3, 6);
  });
  it("carries what other algorithms showed over to one without runs", () => {
    const others = generatedRuns(60, truth, 2).map((run) => run.filter(({ algorithm }) => algorithm === "linear"));
    const shifted = estimateTraining(calibrate(others, speed), [work], defaultPrices, null);
    expect(shifted.cpuSeconds.mid).toBeGreaterThan(1.5 * fresh.cpuSeconds.mid);
    expect(shifted.basedOn).toMatchObject({ runs: 60, prior: true });
  });
  it("knows how far boosting went on the same problem, and nothing from another", () => {
    const seen = { ...work, problem: "p", cpuSeconds: 60, peakMemoryMb: 300, keptRounds: 380 };
    const model = calibrate([[seen], [seen]], speed);
    const of = (problem: string) => estimateTraining(model, [{ ...work, problem }], defaultPrices, null).cpuSeconds;
    expect(of("p").mid).toBeGreaterThan(1.5 * of("q").mid);
    expect(width(of("p"))).toBeLessThan(width(of("q")) / 1.5);
  });
  it("covers boosting that hardly stops early: every round costs less than its high end", () => {
    const { log } = calibrate([], speed).cpu.get("xgboost")!;
    const terms = workTerms({ ...work, keptRounds: work.rounds }).cpu;
    const everyRound = log.reduce((sum, l, j) => sum + Math.exp(l) * terms[j]!, 0);
    expect(fresh.cpuSeconds.high).toBeGreaterThan(everyRound);
  });
  it("grows with rows, columns, rounds and folds", () => {
    const forest: TrainingWork = { ...work, algorithm: "random_forest", rounds: 100 };
    const more = estimateTraining(calibrate([], speed), [{ ...forest, rounds: 200 }], defaultPrices, null);
    const fewer = estimateTraining(calibrate([], speed), [forest], defaultPrices, null);
    expect(more.cpuSeconds.mid).toBeGreaterThan(1.5 * fewer.cpuSeconds.mid);
    for (const more of [{ rows: 20_000 }, { columns: 60 }, { folds: 10, data: { ...data, passes: 9 } }]) {
      const larger = estimateTraining(calibrate([], speed), [{ ...work, ...more }], defaultPrices, null);
      expect(larger.cpuSeconds.mid).toBeGreaterThan(fresh.cpuSeconds.mid);
    }
  });
  it("adds up candidates' time and takes the largest one's memory", () => {
    const linear: TrainingWork = { ...work, algorithm: "linear", rounds: 10 };
    const model = calibrate([], speed);
    const [one, other, both] = [[work], [linear], [work, linear]].map((w) =>
      estimateTraining(model, w, defaultPrices, null),
    );
    expect(both!.cpuSeconds.mid / (one!.cpuSeconds.mid + other!.cpuSeconds.mid)).toBeCloseTo(1, 1);
    expect(both!.memoryMb.mid).toBe(Math.max(one!.memoryMb.mid, other!.memoryMb.mid));
    // Candidates don't err all the same way: together they are surer than each.
    expect(width(both!.cpuSeconds)).toBeLessThan(Math.max(width(one!.cpuSeconds), width(other!.cpuSeconds)));
  });
  it("needs a candidate", () =>
    expect(() => estimateTraining(calibrate([], speed), [], defaultPrices, null)).toThrow(/no candidate/));
  it("prices what it expects", () =>
    expect(fresh.usd.mid).toBeCloseTo(
      usd(defaultPrices, {
        cpuSeconds: fresh.cpuSeconds.mid,
        memoryMb: fresh.memoryMb.mid,
        seconds: fresh.seconds.mid,
      }),
      12,
    ));
  it("learns how long threads wait", () => {
    const runs = generatedRuns(40, truth, 3).map((run) =>
      run.map((part) => FinishedRun.parse({ ...part, seconds: (part.cpuSeconds / part.threads) * 2 })),
    );
    const later = estimateTraining(calibrate(runs, speed), [work], defaultPrices, null);
    expect(later.seconds.mid / (later.cpuSeconds.mid / work.threads)).toBeCloseTo(2, 1);
  });
});

it("has no error to show without runs", () =>
  expect(replay([], speed, "cpu")).toEqual({ runs: 0, medianError: null, covered: null }));
