import { expect, test } from "vitest";
import { nestsDeeper } from "./nesting.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const nested = (depth: number) => `${"[".repeat(depth)}1${"]".repeat(depth)}`;

test("tells how deep lists and objects nest, whatever stands in texts", () => {
  expect(nestsDeeper(bytes(nested(64)), 64)).toBe(false);
  expect(nestsDeeper(bytes(nested(65)), 64)).toBe(true);
  expect(nestsDeeper(bytes(`{"a":${nested(64)}}`), 64)).toBe(true);
  expect(nestsDeeper(bytes(JSON.stringify("[".repeat(500))), 64)).toBe(false);
  expect(nestsDeeper(bytes(`["\\"${"[".repeat(500)}"]`), 64)).toBe(false);
  expect(nestsDeeper(bytes(`[${"[],".repeat(500)}[]]`), 64)).toBe(false);
});
