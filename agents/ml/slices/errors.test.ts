import { describe, expect, test } from "vitest";
import { heldOutRows, rowErrors } from "./errors.ts";
import { clustersOf, discoveryHalf } from "./halves.ts";

describe("how a row went wrong", () => {
  const held = {
    fold: [-1, 0, 0, 1, 1],
    label: [1, 1, 0, 1, 0],
    prediction: [
      [Number.NaN, 0.8, 0.6, 0.4, 0.9],
      [Number.NaN, 0.2, 0.4, 0.6, 0.1],
    ],
  };
  const rows = heldOutRows(held);

  test("leaves out rows that were never held out", () => {
    expect(Array.from(rows)).toEqual([1, 2, 3, 4]);
  });

  test("is told at the served threshold, and by the probability where that is another one", () => {
    const { errors } = rowErrors("binary", 0.3, held, rows);
    expect(errors.map(({ kind, happened }) => [kind, ...happened])).toEqual([
      ["wrong", 1, 1, 0, 0],
      ["missed", 1, 0, 0, 0],
      ["false_alarm", 0, 1, 0, 0],
      ["too_low", 1, 0, 0, 0],
      ["too_high", 0, 0, 0, 0],
    ]);
    const [wrong, missed] = errors;
    // A row served as no is wrong with the chance of a yes, one served as yes with that of a no.
    expect(Array.from(wrong!.expected!, (x) => Number(x.toFixed(3)))).toEqual([0.2, 0.6, 0.4, 0.1]);
    expect(Array.from(missed!.expected!)).toEqual([0.2, 0, 0, 0.1]);
    expect(rowErrors("binary", 0.5, held, rows).errors).toHaveLength(3);
  });

  test("of a number is being further off than nine of ten answers, either way", () => {
    const label = Array.from({ length: 101 }, () => 0);
    const prediction = [label.map((_, i) => (i % 2 === 0 ? i : -i))];
    const all = Int32Array.from(label, (_, i) => i);
    const { errors, farOff } = rowErrors("regression", null, { fold: label, label, prediction }, all);
    expect(farOff).toBe(90);
    expect(errors.map(({ kind, happened }) => [kind, happened.reduce((a, b) => a + b, 0)])).toEqual([
      ["wrong", 10],
      ["too_low", 5],
      ["too_high", 5],
    ]);
  });

  test("can't be told of answers that don't fit the task", () => {
    expect(() => rowErrors("binary", 0.5, { ...held, prediction: [] }, rows)).toThrow(/train it again/);
  });
});

describe("the two halves", () => {
  const draw = () => 0.4;

  test("never share an entity, and share out those with errors evenly", () => {
    const entity = Int32Array.from({ length: 300 }, (_, i) => i % 50);
    const happened = Uint8Array.from(entity, (e) => Number(e < 10));
    const half = discoveryHalf(clustersOf(entity, null, 300), happened, draw);
    const sides = Array.from({ length: 50 }, (_, e) => new Set(Array.from(half).filter((_, i) => entity[i] === e)));
    expect(sides.every(({ size }) => size === 1)).toBe(true);
    const wrong = sides.slice(0, 10).filter((side) => side.has(1)).length;
    expect(wrong).toBe(5);
  });

  test("are blocks of time where only a time is known, and rows without one", () => {
    const time = Float64Array.from({ length: 400 }, (_, i) => i);
    const blocks = clustersOf(null, time, 400);
    expect([blocks.by, new Set(blocks.of).size]).toEqual(["time", 40]);
    expect(clustersOf(Int32Array.from(time), null, 400).by).toBe("row");
    expect(clustersOf(null, new Float64Array(400), 400).by).toBe("row");
  });
});
