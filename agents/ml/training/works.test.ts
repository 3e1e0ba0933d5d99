import { expect, test } from "vitest";
import type { BoardRow, TrainResult } from "./job.ts";
import { shareOf } from "./progress.ts";
import { worksOf } from "./works.ts";

const row = (name: string, cpuSeconds: number, more: Partial<BoardRow> = {}): BoardRow => ({
  ...{ name, algorithm: "constant", params: { algorithm: "constant" }, why: "", cv: {}, cpuSeconds },
  ...{ seconds: cpuSeconds / 2, rounds: null, chosen: false, reason: "", skipped: null },
  ...more,
});

test("what belongs to no candidate alone is shared by what each took; a skipped one teaches nothing", () => {
  const skipped = { neededCpuSeconds: 9, hadCpuSeconds: 1, fits: "" };
  const board = [row("a", 1), row("b", 2, { chosen: true }), row("c", 4, { skipped })];
  const result = { board, cpuSeconds: 10, threads: 2, peakMemoryMb: 300 } as TrainResult;
  const works = worksOf(result, { rows: 100, columns: 5, folds: 5 }, 8);
  expect(works.map(({ cpuSeconds }) => cpuSeconds)).toEqual([1 + 1, 2 + 2]);
  expect(works.map(({ seconds }) => seconds)).toEqual([0.5 + 1.5, 1 + 3]);
  expect(works[0]).toMatchObject({ rows: 100, columns: 5, folds: 5, threads: 2, peakMemoryMb: 300 });
});

test("the test of an ensemble is no candidate's: it is shared, and the parts still add up to the run", () => {
  const ensemble = { params: { algorithm: "ensemble", members: [] } } as Partial<BoardRow>;
  const board = [row("a", 1), row("b", 3), row("ensemble", 0.5, { algorithm: "ensemble", ...ensemble })];
  const result = { board, cpuSeconds: 10, threads: 2, peakMemoryMb: 300 } as TrainResult;
  const works = worksOf(result, { rows: 100, columns: 5, folds: 5 }, 5);
  expect(works.map(({ cpuSeconds }) => cpuSeconds)).toEqual([2.5, 7.5]);
});

test("says how many rounds boosting kept, so that estimates learn how soon it stops", () => {
  const board = [row("a", 1), row("b", 2, { rounds: 143.4 })];
  const works = worksOf(
    { board, cpuSeconds: 3, threads: 2, peakMemoryMb: 300 } as TrainResult,
    { rows: 100, columns: 5, folds: 5 },
    8,
  );
  expect(works.map(({ keptRounds }) => keptRounds)).toEqual([undefined, 143.4]);
});

test("progress only grows from the first candidate's first fold to the refit", () => {
  const names = ["a", "b"];
  const told = (stage: "read" | "audit" | "race" | "refit", candidate: string | null, fold: number | null, round = 0) =>
    shareOf({ stage, candidate, fold, folds: 3, round, rounds: 10 }, names)[0];
  const shares = [
    ...[told("read", null, null), told("audit", null, null), told("race", "a", 0), told("race", "a", 0, 5)],
    ...[told("race", "a", 2), told("race", "b", 0), told("race", "b", 2, 9), told("refit", "b", null), 1],
  ];
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(new Set(shares).size).toBe(shares.length);
});
