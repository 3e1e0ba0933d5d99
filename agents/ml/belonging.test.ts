import type { Problem } from "@muster/shared/domain/problem.ts";
import { expect, test } from "vitest";
import { belonging } from "./belonging.ts";

const rows = Int32Array.from([0, 2, 3]);
const set = { entity: ["a|1", "a|2", "b|1", "b|2"], time: Float64Array.from([5, 5, 5, 9]) };
const of = (kind: Problem["label"]["kind"]) => ({ label: { kind } }) as Pick<Problem, "label">;

test("rows of one entity belong together, of a forecast those of one origin", () => {
  expect(belonging(of("occurs"), set, rows)).toEqual(["a|1", "b|1", "b|2"]);
  expect(belonging(of("forecast"), set, rows)).toEqual(["5", "5", "9"]);
});

test("nothing says so without entities, or with one origin alone", () => {
  expect(belonging(of("column"), { ...set, entity: null }, rows)).toBeNull();
  expect(belonging(of("forecast"), { ...set, time: null }, rows)).toBeNull();
});
