import { settleLost } from "@muster/cost/ledger/settle-lost.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Costs, estimate, finished, openCosts } from "../support/costs.ts";

describe("budgets on real servers", () => {
  let it: Costs;
  beforeAll(async () => {
    it = await openCosts();
  });
  afterAll(() => it?.stop());

  test("of fifty who reserve at once, over three budgets, never more is reserved than each has", async () => {
    await it.setBudget({ scope: "user", period: "day", limitUsd: 0.03 });
    await it.setBudget({ scope: "team", subject: "many", period: "week", limitUsd: 0.05, members: ["p0", "p1", "p2"] });
    await it.setBudget({ scope: "everyone", period: "quarter", limitUsd: 0.07 });
    const persons = ["p0", "p1", "p2", "p3"];
    const came = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) =>
        it.reserve({ person: persons[i % 4]! }).then(({ reserved }) => ({ i, reserved })),
      ),
    );
    const codes = came.map((one) => (one.status === "rejected" ? (one.reason as { code: string }).code : "reserved"));
    expect(new Set(codes)).toEqual(new Set(["reserved", "over_budget"]));
    const { rows } = await it.own.pool.query<{ person: string; usd: number }>(
      "select person, sum(usd)::float8 as usd from cost.spend where state = 'reserved' group by person",
    );
    const of = (names: string[]) => rows.reduce((sum, row) => sum + (names.includes(row.person) ? row.usd : 0), 0);
    for (const person of persons) expect(of([person])).toBeLessThanOrEqual(0.03 + 1e-12);
    expect(of(["p0", "p1", "p2"])).toBeLessThanOrEqual(0.05 + 1e-12);
    expect(of(persons)).toBeLessThanOrEqual(0.07 + 1e-12);
    // What is left is less than the middle of one more: nobody was refused what there was.
    expect(of(persons)).toBeGreaterThan(0.07 - estimate.usd.mid);
    await it.setBudget({ scope: "user", period: "day", limitUsd: null });
    await it.setBudget({ scope: "team", subject: "many", period: "week", limitUsd: null, members: [] });
    await it.setBudget({ scope: "everyone", period: "quarter", limitUsd: null });
  });

  test("two processes that reserve side by side never reserve more than there is either", async () => {
    const stopOther = await it.serveAnother();
    await it.setBudget({ scope: "user", subject: "wes", period: "total", limitUsd: 0.0205 });
    const came = await Promise.allSettled(Array.from({ length: 24 }, () => it.reserve({ person: "wes" })));
    const codes = came.map((one) => (one.status === "rejected" ? (one.reason as { code: string }).code : "reserved"));
    expect(["reserved", "over_budget", "unavailable"]).toEqual(expect.arrayContaining([...new Set(codes)]));
    const { rows } = await it.own.pool.query("select sum(usd)::float8 as usd from cost.spend where person = 'wes'");
    expect(rows[0].usd).toBeGreaterThan(0.015);
    expect(rows[0].usd).toBeLessThanOrEqual(0.0205 + 1e-12);
    await stopOther();
  });

  test.each([
    ["user", "day", "this person per day"],
    ["user", "week", "this person per week"],
    ["team", "month", "this team per month"],
    ["everyone", "quarter", "everyone per quarter"],
  ])("the budget that refuses is named: %s per %s", async (scope, period, says) => {
    const whose = scope === "everyone" ? {} : { subject: scope === "team" ? "few" : "tim" };
    const members = scope === "team" ? { members: ["tim"] } : {};
    await it.setBudget({ scope, ...whose, period, limitUsd: 0.0009, ...members });
    await it.setBudget({ scope: "everyone", period: "total", limitUsd: 500 });
    await expect(it.reserve({ person: "tim" })).rejects.toMatchObject({
      code: "over_budget",
      message: expect.stringContaining(says),
      data: { limitUsd: 0.0009 },
    });
    await it.setBudget({ scope, ...whose, period, limitUsd: null, ...(scope === "team" && { members: [] }) });
  });

  test("a limit for every request holds for each by itself, and one for a request for that one alone", async () => {
    await it.setBudget({ scope: "request", period: "total", limitUsd: 0.003 });
    const [one, other] = [await it.reserve(), await it.reserve()];
    expect([one.reserved.limitUsd, other.reserved.limitUsd]).toEqual([0.003, 0.003]);
    const later = it.next();
    await it.setBudget({ scope: "request", subject: later, period: "total", limitUsd: 0.0005 });
    await expect(it.reserve({}, later)).rejects.toMatchObject({
      code: "over_budget",
      message: expect.stringContaining("this request"),
    });
    await it.setBudget({ scope: "request", period: "total", limitUsd: null });
    await expect(it.setBudget({ scope: "request", period: "day", limitUsd: 1 })).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("period total"),
    });
  });

  test("a new period begins with nothing spent, and what is still reserved in the old one doesn't count", async () => {
    await it.setBudget({ scope: "user", subject: "uma", period: "day", limitUsd: 0.004 });
    expect((await it.reserve({ person: "uma" })).reserved.limitUsd).toBe(0.004);
    await expect(it.reserve({ person: "uma" })).rejects.toMatchObject({ code: "over_budget" });
    const before = it.clock.now;
    it.clock.now = new Date("2026-11-21T00:00:00.000Z");
    expect((await it.reserve({ person: "uma" })).reserved.limitUsd).toBe(0.004);
    it.clock.now = before;
  });

  test("settling gives back what wasn't used, for whoever comes next", async () => {
    await it.setBudget({ scope: "user", subject: "vic", period: "total", limitUsd: 0.0085 });
    const first = await it.reserve({ person: "vic" });
    await expect(it.reserve({ person: "vic" })).rejects.toMatchObject({ code: "over_budget" });
    await it.emit(it.ml, "ml.run_finished", finished(first.request, first.reserved.reservation));
    await it.settledWhen(async () => (await it.spend(first.request)).reservedUsd === 0);
    expect((await it.reserve({ person: "vic" })).reserved.limitUsd).toBeGreaterThan(0.006);
  });

  test("a run whose call failed without an event is settled by its fault; one that nothing was heard of, at all it had", async () => {
    const store = it.ml.evidence.store;
    const [failed, silent, running] = [await it.reserve(), await it.reserve(), await it.reserve()];
    for (const { receipt, request } of [failed, silent, running])
      await store.consume(store.db, receipt, `${request}:s9:1`);
    await store.storeResult(store.db, `${failed.request}:s9:1`, "ml.train_model", "refused", {
      ok: false,
      fault: { code: "deadline", message: "", data: { cpuSeconds: 36 } },
    });
    await settleLost(it.settling());
    expect((await it.spend(failed.request)).byRequest).toMatchObject([
      { state: "spent", outcome: "deadline", usd: expect.closeTo(0.0004, 9) },
    ]);
    expect((await it.spend(silent.request)).byRequest).toMatchObject([{ state: "reserved" }]);
    const before = it.clock.now;
    it.clock.now = new Date(before.getTime() + 26 * 3600_000);
    await settleLost(it.settling());
    it.clock.now = before;
    expect((await it.spend(silent.request)).byRequest).toMatchObject([
      { state: "spent", outcome: "lost", usd: silent.reserved.limitUsd },
    ]);
  });

  test("holds each estimate against what its run took, and tells the error and the coverage", async () => {
    const { accuracy: before } = await it.spend();
    const took = [55, 66, 500];
    for (const cpuSeconds of took) {
      const { request, reserved } = await it.reserve();
      await it.emit(
        it.ml,
        "ml.run_finished",
        finished(request, reserved.reservation, { cpuSeconds, peakMemoryMb: 300 }),
      );
      await it.settledWhen(async () => (await it.spend(request)).reservedUsd === 0);
    }
    const { accuracy } = await it.spend();
    expect(accuracy.runs).toBe(before.runs + 3);
    // Estimated were 30 to 120, 60 in the middle; the run before this test took 50.
    const errors = [50, ...took].map((actual) => Math.abs(60 - actual) / actual).sort((a, b) => a - b);
    expect(accuracy.cpuSeconds.medianAbsoluteError).toBeCloseTo((errors[1]! + errors[2]!) / 2, 10);
    expect(accuracy.cpuSeconds.covered).toBe(0.75);
    expect(accuracy.peakMemoryMb.covered).toBe(0.75);
  });
});
