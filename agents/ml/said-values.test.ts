import { expect, test } from "vitest";
import { says } from "./said-values.ts";

test("a value says a word in any of its forms, as a whole word of its own", () => {
  for (const [value, word] of [
    ["failed", "failure"],
    ["payment failed", "fails"],
    ["REFUNDED", "refund"],
    ["cancelled_by_user", "cancelled"],
    ["late", "late"],
  ])
    expect(says(value!, word!), `${value} ${word}`).toBe(true);
  for (const [value, word] of [
    ["paid", "failure"],
    ["unfailing", "fail"],
    ["latest", "late"],
    ["card", "cardinal"],
  ])
    expect(says(value!, word!), `${value} ${word}`).toBe(false);
});
