import { columns, createTable, testEngine } from "@muster/shared/features/testing.ts";
import { flatProblem } from "@muster/shared/features/testing-problem.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { expect, it } from "vitest";
import { checkTrainingSet, type TrainingSet } from "./training-set.ts";

const random = seededRandom(2);
const rows = Array.from({ length: 400 }, (_, i) => {
  const left = i % 3 === 0;
  return [i, `e${i}`, null, left ? "yes" : "no", normal(random), left ? 9 + random() : random()];
});
const schema = columns(
  "__row:integer",
  "__entity:text",
  "__cutoff:timestamp",
  "__label:text",
  "usage:number",
  "refund:number",
);

/** The failed checks of a matrix of two features, of which `refund` tells the label. */
async function failed(features: string[], more: Partial<TrainingSet> = {}): Promise<string[]> {
  const engine = await testEngine();
  try {
    await createTable(engine, "matrix", { columns: schema, rows });
    const set: TrainingSet = {
      ...{ relation: "matrix", columns: features.map((name) => ({ name, type: "number" as const })), joined: [] },
      ...{ leaking: new Map(), allowed: new Set<string>(), ...more },
    };
    const { checks } = await checkTrainingSet(engine, set, flatProblem());
    return checks.filter(({ success }) => !success).map(({ name }) => name);
  } finally {
    engine.close();
  }
}

it("passes a matrix without a leak, and none with one", async () => {
  expect(await failed(["usage"])).toEqual([]);
  expect(await failed(["usage", "refund"])).toEqual(["no_leak(refund)"]);
});

it("takes a leak that a person allowed, and refuses what reads a column that was found to leak by its name", async () => {
  expect(await failed(["usage", "refund"], { allowed: new Set(["refund"]) })).toEqual([]);
  const leak = { reason: "leaking: named after the target", number: 0.7 };
  expect(await failed(["usage"], { leaking: new Map([["usage", leak]]) })).toEqual(["no_leak(usage)"]);
});
