import { describe, expect, it } from "vitest";
import { rhythmDays, staleReasons } from "./staleness.ts";

const now = new Date("2026-11-21T00:00:00Z");
const limits = { oldAfter: 30, unusedAfter: 90 };
const life = {
  dataset: { name: "sales", time: "sold_on" },
  loads: ["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z", "2026-11-20T00:00:00Z"],
  newestEvent: "2026-11-19T00:00:00Z",
  lastUse: "2026-11-19T00:00:00Z",
};

describe("a dataset", () => {
  it("is not stale while it comes in its rhythm, its events are new and it is used", () => {
    expect(staleReasons(life, now, limits)).toEqual([]);
  });
  it("has the rhythm of the median of its intervals, from three loads on", () => {
    expect(rhythmDays(life.loads)).toBe(1);
    expect(rhythmDays(["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-11-05T00:00:00Z"])).toBe(2);
    expect(rhythmDays(life.loads.slice(0, 2))).toBeNull();
  });
  it("is stale for not coming any more, by its own rhythm: a week without a daily load, not one without a monthly", () => {
    const stopped = { ...life, loads: life.loads.slice(0, 3) };
    expect(staleReasons(stopped, now, limits)).toMatchObject([{ kind: "not_loaded", days: 18, againstDays: 1 }]);
    const monthly = { ...life, loads: ["2026-08-10T00:00:00Z", "2026-09-10T00:00:00Z", "2026-10-10T00:00:00Z"] };
    expect(staleReasons(monthly, now, limits)).toEqual([]);
    const young = { ...life, loads: life.loads.slice(0, 2) };
    expect(staleReasons(young, now, limits)).toEqual([]);
  });
  it("is stale for old events and for no use, each with its number; never used is said as such", () => {
    const old = { ...life, newestEvent: "2026-10-01T00:00:00Z", lastUse: "2026-08-01T00:00:00Z" };
    expect(staleReasons(old, now, limits)).toMatchObject([
      { kind: "old_events", days: 51, againstDays: 30, why: expect.stringContaining("sold_on") },
      { kind: "unused", days: 112, againstDays: 90 },
    ]);
    const never = { ...life, loads: ["2026-06-01T00:00:00Z"], lastUse: null };
    expect(staleReasons(never, now, limits)).toMatchObject([
      {
        kind: "unused",
        since: "2026-06-01T00:00:00Z",
        againstDays: null,
        why: expect.stringContaining("since it came"),
      },
    ]);
  });
});
