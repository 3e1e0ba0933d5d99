import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Lake, openLake } from "@muster/shared/warehouse/lake.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { beforeEach, expect, it } from "vitest";
import { openOutcomes } from "../outcomes/record.ts";
import type { ServingPackage } from "../serving/package.ts";
import { readGroups } from "./read-sides.ts";
import type { Rollout } from "./store.ts";

const now = new Date("2026-06-01T00:00:00.000Z");
const served = {
  problem: { horizon: { count: 30, unit: "day" }, labelDelayDays: 5 },
  output: { task: "binary", classes: ["0", "1"] },
} as unknown as ServingPackage;
const rollout = (plan: object, shadow: number[] = []) =>
  ({
    split: { salt: "this one", arms: [], shadow, controlPercent: 10 },
    plan: { measure: "outcome", share: 0.5, ...plan },
    live: { version: 1 },
    beside: [{ version: 2 }],
  }) as unknown as Rollout;

let lake: Lake;
beforeEach(async () => {
  lake = await openLake(await mkdtemp(join(tmpdir(), "sides-")));
});

type Prediction = {
  entity: string;
  days: number;
  version: number;
  role?: string;
  split?: string;
  chance?: number;
  row?: number;
};
async function groupsOf(predictions: Prediction[], outcomes: [string, number, number][], of: Rollout) {
  const write = async (name: string, sql: string) =>
    void (await writeQuery(lake, { name, kind: "outcomes", sql, inputs: [], origin: "a test", now }));
  const day = (days: number) => `TIMESTAMP '2026-06-01' - ${days} * INTERVAL 1 DAY`;
  const rows = predictions.map(
    ({ entity, days, version, role = "answer", split = "this one", chance = 0.5, row }, i) =>
      `SELECT ${day(days)} AS __at, 'r${row ?? i}' AS __request, 0 AS __row, ${version} AS __version, '${entity}' AS __entity,
        '1' AS __prediction, '{"0":${1 - chance},"1":${chance}}' AS __probabilities, '${role}' AS __role, '${split}' AS __split`,
  );
  await write("churn_predictions", rows.join(" UNION ALL "));
  const told = outcomes.map(
    ([entity, days, label]) =>
      `SELECT '${entity}' AS __entity, ${day(days)} AS __event_at, '${label}' AS __label, ${day(days - 1)} AS __arrived_at`,
  );
  await write("churn_outcomes", told.join(" UNION ALL "));
  const engine = (await openOutcomes(lake, "churn"))!;
  try {
    return await readGroups(engine, served, of, now);
  } finally {
    engine.close();
  }
}

it("counts an entity once, by what was predicted under this split and has matured; the control share stands apart", async () => {
  const { byVersion, control } = await groupsOf(
    [
      { entity: "a", days: 50, version: 1 },
      { entity: "a", days: 45, version: 1 },
      { entity: "b", days: 50, version: 2 },
      // Its window of 30 days is closed, but not yet for the 5 days of the label's delay: an outcome so far doesn't count.
      { entity: "early", days: 33, version: 2 },
      { entity: "silent", days: 50, version: 2 },
      { entity: "kept", days: 50, version: 2, role: "control" },
      { entity: "other", days: 50, version: 2, split: "another" },
      { entity: "asked", days: 50, version: 2, role: "asked", split: "" },
    ],
    [
      ["a", 40, 1],
      ["b", 40, 0],
      ["early", 30, 1],
      ["kept", 40, 1],
      ["other", 40, 1],
      ["asked", 40, 1],
    ],
    rollout({}),
  );
  expect(byVersion.get(1)).toEqual({ assigned: 1, matured: 1, told: 1, values: Float64Array.of(1) });
  expect(byVersion.get(2)).toEqual({ assigned: 4, matured: 2, told: 1, values: Float64Array.of(0) });
  expect(control).toEqual({ assigned: 1, matured: 1, told: 1, values: Float64Array.of(1) });
});

it("pairs a shadow with the live version on the same rows, by squared error", async () => {
  const { paired, byVersion } = await groupsOf(
    [
      { entity: "a", days: 50, version: 1, chance: 0.5, row: 1 },
      { entity: "a", days: 50, version: 2, chance: 0.9, role: "shadow", row: 1 },
      { entity: "b", days: 50, version: 1, chance: 0.5, row: 2 },
      { entity: "b", days: 50, version: 2, chance: 0.2, role: "shadow", row: 2 },
      { entity: "c", days: 50, version: 1, chance: 0.5, row: 3 },
    ],
    [
      ["a", 40, 1],
      ["b", 40, 0],
      ["c", 40, 1],
    ],
    rollout({ measure: "loss", share: null }, [2]),
  );
  // (0.1² − 0.5²) and (0.2² − 0.5²): −0.24 and −0.21.
  expect(paired!.n).toBe(2);
  expect(paired!.mean).toBeCloseTo(-0.225, 12);
  expect(byVersion.get(2)).toMatchObject({ assigned: 2, told: 2 });
});
