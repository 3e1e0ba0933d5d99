import { estimateTraining, median } from "@muster/cost/estimate.ts";
import { defaultPrices } from "@muster/cost/price.ts";
import { worksOf } from "@muster/cost/works-of.ts";
import type { Interval } from "@muster/shared/domain/estimate.ts";
import { calibrate, type PastRun } from "@muster/shared/estimate/calibrate.ts";
import { measureSpeed } from "@muster/shared/estimate/prior.ts";
import { shapeOf } from "../support/made-table.ts";
import { type Evaluation, round } from "../support/measure.ts";
import { chosenFor, trainMade } from "../support/train-made.ts";

const trainings = 42;
/** Runs after which estimates are held to their goal. */
const learned = 20;
const threads = 2;
const rows: [number, number] = [300, 2500];
const seed = 2026;

type Case = { estimated: Interval; actual: number };

const errorOf = (cases: readonly Case[]): number =>
  median(cases.map(({ estimated, actual }) => Math.abs(estimated.mid - actual) / actual));
const coveredOf = (cases: readonly Case[]): number =>
  cases.filter(({ estimated: { low, high }, actual }) => low <= actual && actual <= high).length / cases.length;

/** Trainings on made-up tables of many shapes, each estimated before it ran from those before it. */
export const evaluation: Evaluation = {
  name: "cost",
  does: "what trainings on 42 made-up tables took against what was estimated before each, as estimates learn from them",
  async run() {
    const speed = measureSpeed(() => performance.now());
    const past: PastRun[] = [];
    const [cpu, memory]: [Case[], Case[]] = [[], []];
    const cases = [];
    for (let i = 0; i < trainings; i++) {
      const shape = shapeOf(i, { seed, rows });
      const before = estimateTraining(calibrate(past, speed), worksOf(chosenFor(shape), threads), defaultPrices, null);
      const { parts, cpuSeconds, peakMemoryMb } = await trainMade(shape, seed + i, threads);
      past.push(parts);
      cpu.push({ estimated: before.cpuSeconds, actual: cpuSeconds });
      memory.push({ estimated: before.memoryMb, actual: peakMemoryMb });
      const { task, numbers, categories } = shape;
      cases.push({
        ...{ task, rows: shape.rows, numbers, categories, noise: round(shape.noise) },
        ...{ cpuSeconds: round(cpuSeconds), estimated: round(before.cpuSeconds.mid) },
        ...{ low: round(before.cpuSeconds.low), high: round(before.cpuSeconds.high) },
        ...{ peakMemoryMb: round(peakMemoryMb), estimatedMemoryMb: round(before.memoryMb.mid) },
      });
    }
    const after = (cases: Case[]) => cases.slice(learned);
    return {
      figures: {
        trainings,
        cpuSecondsMedianAbsoluteError: round(errorOf(after(cpu))),
        cpuSecondsCovered: round(coveredOf(after(cpu))),
        cpuSecondsIntervalWidth: round(median(after(cpu).map(({ estimated: { low, high } }) => high / low))),
        peakMemoryMedianAbsoluteError: round(errorOf(after(memory))),
        peakMemoryCovered: round(coveredOf(after(memory))),
        beforeLearningCpuSecondsMedianAbsoluteError: round(errorOf(cpu.slice(0, learned))),
        beforeLearningCpuSecondsCovered: round(coveredOf(cpu.slice(0, learned))),
      },
      cases,
    };
  },
};
