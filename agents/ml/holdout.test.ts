import { flatProblem } from "@muster/shared/features/testing-problem.ts";
import { expect, test } from "vitest";
import { inModelClasses, sealedOf } from "./holdout.ts";

test("labels are told in the model's order of classes, and rows of a class it never met are left out", () => {
  const labels = { task: "multiclass" as const, classes: ["a", "b", "new"], values: Float64Array.from([0, 1, 2, 1]) };
  const found = inModelClasses(labels, ["b", "a"]);
  expect([...found.rows]).toEqual([0, 1, 3]);
  expect([...found.values]).toEqual([1, 0, 0]);
  expect(() => inModelClasses(labels, ["c"])).toThrow(/no row of a class/);
});

test("the same sealed rows are the same whatever is asked of them; other rows are others", () => {
  const pin = `flat@${"1".repeat(64)}`;
  const sealed = sealedOf(flatProblem(), [pin]);
  expect(sealedOf(flatProblem({ metric: "log_loss", exclusions: ["x"], name: "other" }), [pin])).toBe(sealed);
  expect(sealedOf(flatProblem(), [`flat@${"2".repeat(64)}`])).not.toBe(sealed);
  expect(sealedOf(flatProblem({ holdout: { kind: "entities", share: 0.3, salt: "s" } }), [pin])).not.toBe(sealed);
  expect(() => sealedOf(flatProblem(), [])).toThrow(/doesn't hold/);
});
