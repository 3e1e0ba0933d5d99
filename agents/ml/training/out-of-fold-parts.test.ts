import { expect, test } from "vitest";
import { joined, partsOf } from "./out-of-fold-parts.ts";

test("answers come together again from their parts, whatever their number", () => {
  for (const rows of [0, 1, 65_536, 150_001]) {
    const numbers = (scale: number) =>
      Float64Array.from({ length: rows }, (_, i) => (i % 7 === 0 ? Number.NaN : i * scale));
    const answers = {
      ...{ row: numbers(3), fold: Int32Array.from({ length: rows }, (_, i) => (i % 4) - 1), label: numbers(1) },
      prediction: [numbers(0.5), numbers(-0.5), numbers(0.1)],
    };
    const parts = [...partsOf(answers)];
    expect(parts.every(({ row }) => row.length <= 65_536)).toBe(true);
    expect(joined(parts)).toEqual(rows === 0 ? { ...answers, prediction: [] } : answers);
  }
});
