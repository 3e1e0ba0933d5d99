import { type Due, onDue, openSchedules, previousDue } from "@muster/bus/schedule.ts";
import { until } from "@muster/infra/until.ts";
import type { Schedule } from "@muster/shared/domain/schedule.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rebuildSchedules } from "../../agents/pipeline/schedules/rebuild.ts";
import { openScheduleStore } from "../../agents/pipeline/schedules/store.ts";
import { openPipelineStore } from "../../agents/pipeline/store.ts";
import { type Bench, startBench } from "../support/process.ts";

const daily = (more: Partial<Schedule> = {}): Schedule => ({
  ...{ id: "sch_daily", name: "daily", deployment: null, person: "ann", purpose: "analytics", budgetUsd: null },
  ...{ cron: "0 2 * * *", timeZone: "Europe/Berlin", text: "call quality.check_freshness", goals: [], arguments: {} },
  ...{ call: { tool: "quality.check_freshness", input: {} }, after: [], retries: 0, withinMinutes: null },
  ...{ paused: false, at: "2026-03-01T00:00:00.000Z" },
  ...more,
});

describe("timetables in Redis", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  }, 120_000);
  afterAll(() => bench?.stop());

  test("are due at the very moments of their cron lines, so that what makes up for one can't ask twice", async () => {
    const { redisUrl } = bench;
    const heard: Due[] = [];
    const stop = await onDue(
      redisUrl,
      async (due) => void heard.push(due),
      () => undefined,
    );
    const timetables = openSchedules(redisUrl);
    try {
      await timetables.upsert({ id: "sch_often", cron: "* * * * * *", timeZone: "UTC" });
      await until(async () => {
        if (heard.length < 3) throw new Error("not due three times yet");
      }, AbortSignal.timeout(30_000));
    } finally {
      await timetables.remove("sch_often");
      await timetables.close();
      await stop();
    }
    for (const { at } of heard) expect(at).toMatch(/\.000Z$/);
    expect(heard[0]).toEqual({ schedule: "sch_often", at: heard[0]!.at, asked: false });
  });

  test("come back after Redis was emptied, and of all moments that were missed the newest is asked for, once", async () => {
    const { pool } = await bench.process("pipeline");
    await openPipelineStore(pool);
    const store = openScheduleStore(pool);
    const timetables = openSchedules(bench.redisUrl);
    const set = (schedule: Schedule) =>
      store.reading(async (trx, from) => {
        await store.save(trx, schedule);
        return from;
      });
    await set(daily());
    await set(daily({ id: "sch_paused", name: "paused", paused: true }));
    const now = new Date("2026-03-10T12:00:00.000Z");
    for (let round = 0; round < 3; round++) await rebuildSchedules(store, timetables, now);
    expect(await timetables.list()).toEqual(["sch_daily"]);
    const heard: Due[] = [];
    const stop = await onDue(
      bench.redisUrl,
      async (due) => void heard.push(due),
      () => undefined,
    );
    try {
      await until(async () => {
        if (heard.length === 0) throw new Error("nothing was due yet");
      }, AbortSignal.timeout(30_000));
    } finally {
      await stop();
      await timetables.close();
    }
    expect(heard).toEqual([{ schedule: "sch_daily", at: previousDue("0 2 * * *", "Europe/Berlin", now), asked: true }]);
  });

  test("refuse what is no cron line and no time zone", () => {
    for (const [cron, zone] of [
      ["0 25 * * *", "UTC"],
      ["0 2 * * *", "Europe/Atlantis"],
    ] as const)
      expect(() => previousDue(cron, zone, new Date())).toThrow(expect.objectContaining({ code: "invalid_input" }));
  });
});
