import { expect, test } from "vitest";
import { parseObject } from "./json.ts";

const parse = (text: string) => parseObject(Buffer.from(text));

test("a bare NaN is missing, NaN inside a string stays text", () => {
  const text = String.raw`{"a": [NaN, 1, NaN], "NaN": "NaN, \"NaN\" \\", "b": NaN}`;
  expect(parse(text)).toEqual({ a: [null, 1, null], NaN: String.raw`NaN, "NaN" \ `.trim(), b: null });
});

test("what isn't one JSON object is refused, whatever its size or depth", () => {
  const refusal = expect.objectContaining({ code: "invalid_input" });
  for (const text of [
    "[]",
    "null",
    "{",
    '{"a": NaNo}',
    '{"a": "NaN',
    "NaN",
    "[".repeat(1_000_000),
    `{"a": NaN, "b": "${"\\n".repeat(2_000_000)}`,
  ]) {
    expect(() => parse(text)).toThrow(refusal);
  }
  expect(parse(`{"a": NaN, "b": "${"\\n".repeat(2_000_000)}"}`).a).toBe(null);
});
