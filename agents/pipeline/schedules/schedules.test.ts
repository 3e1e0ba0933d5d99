import type { Schedule } from "@muster/shared/domain/schedule.ts";
import { describe, expect, test } from "vitest";
import { isReady, retryOf } from "./follow-runs.ts";
import { missedMoment } from "./rebuild.ts";
import type { ScheduleRun } from "./run.ts";

const schedule = (more: Partial<Schedule> = {}) =>
  ({
    id: "sch_1",
    cron: "0 2 * * *",
    timeZone: "Europe/Berlin",
    retries: 2,
    paused: false,
    at: "2026-03-01T00:00:00.000Z",
    ...more,
  }) as Schedule;
const run = (more: Partial<ScheduleRun> = {}): ScheduleRun => ({
  ...{ schedule: "sch_1", due: "2026-03-01T01:00:00.000Z", request: "req_1", attempt: 1, status: "failed" },
  ...{ code: "unavailable", ended: "2026-03-01T01:05:00.000Z", ...more },
});

describe("a moment that was missed", () => {
  const now = new Date("2026-03-10T12:00:00.000Z");

  test("is the newest one, by the clock of its time zone, however many were missed", () => {
    expect(missedMoment(schedule(), undefined, now)).toBe("2026-03-10T01:00:00.000Z");
    // Summer time began on 29 March: two in the morning is midnight in UTC.
    expect(missedMoment(schedule(), undefined, new Date("2026-04-02T12:00:00.000Z"))).toBe("2026-04-02T00:00:00.000Z");
  });

  test("is none where it was asked for, where it was due this very minute, while paused, and before it was set", () => {
    expect(missedMoment(schedule(), run({ due: "2026-03-10T01:00:00.021Z" }), now)).toBe(null);
    expect(missedMoment(schedule(), undefined, new Date("2026-03-10T01:00:30.000Z"))).toBe(null);
    expect(missedMoment(schedule({ paused: true }), undefined, now)).toBe(null);
    expect(missedMoment(schedule({ cron: null }), undefined, now)).toBe(null);
    expect(missedMoment(schedule({ at: "2026-03-10T02:00:00.000Z" }), undefined, now)).toBe(null);
  });
});

describe("a time that failed", () => {
  const ended = new Date("2026-03-01T01:05:00.000Z");

  test("is tried again a minute later, then two, as often as the schedule says", () => {
    expect(retryOf(schedule(), run(), ended)).toMatchObject({
      due: "2026-03-01T01:06:00.000Z",
      attempt: 2,
      status: "due",
    });
    expect(retryOf(schedule(), run({ attempt: 2 }), ended)).toMatchObject({
      due: "2026-03-01T01:07:00.000Z",
      attempt: 3,
    });
    expect(retryOf(schedule(), run({ attempt: 3 }), ended)).toBe(null);
  });

  test("isn't tried again where trying can't help, where nobody wanted it, and while paused", () => {
    expect(retryOf(schedule(), run({ code: "denied" }), ended)).toBe(null);
    expect(retryOf(schedule(), run({ status: "succeeded", code: null }), ended)).toBe(null);
    expect(retryOf(schedule({ retries: 0 }), run(), ended)).toBe(null);
    expect(retryOf(schedule({ paused: true }), run(), ended)).toBe(null);
  });
});

describe("a schedule that waits for others", () => {
  const well = run({ status: "succeeded", code: null });

  test("is due once all of them ended well since it was last due", () => {
    expect(isReady([well, well], undefined)).toBe(true);
    expect(isReady([well], run({ due: "2026-03-01T01:04:00.000Z" }))).toBe(true);
    expect(isReady([well, run()], undefined)).toBe(false);
    expect(isReady([well, undefined], undefined)).toBe(false);
    expect(isReady([well], run({ due: "2026-03-01T01:05:00.000Z" }))).toBe(false);
  });
});
