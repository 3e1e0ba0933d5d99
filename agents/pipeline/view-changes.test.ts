import type { Feature } from "@muster/shared/domain/feature.ts";
import { expect, it } from "vitest";
import { viewChanges } from "./view-changes.ts";

const plain = (name: string): Feature => ({ kind: "column", name, column: name, type: "number" });

it("says what a version of a view adds, leaves out and makes otherwise", () => {
  const before = { features: [plain("a"), plain("b"), plain("c")] };
  const after = { features: [plain("d"), { ...plain("c"), kind: "log" } as Feature, plain("a")] };
  expect(viewChanges(before, after)).toEqual({ added: ["d"], removed: ["b"], changed: ["c"] });
  expect(viewChanges(null, before)).toEqual({ added: ["a", "b", "c"], removed: [], changed: [] });
  expect(viewChanges(before, { features: [...before.features].reverse() })).toEqual({
    added: [],
    removed: [],
    changed: [],
  });
});
