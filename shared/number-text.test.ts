import { expect, test } from "vitest";
import { short, signed } from "./number-text.ts";

test("numbers in sentences are rounded to significant digits, differences bear their sign", () => {
  expect([0.84126, 1234.56, 0, 1e-7, undefined].map((value) => short(value))).toEqual([
    ...["0.8413", "1235", "0", "1e-7", "undefined"],
  ]);
  expect([0.012351, -3.0004, 0].map(signed)).toEqual(["+0.0124", "−3", "+0"]);
});
