import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { querySql } from "@muster/cost/queries/kinds.ts";
import { pinOf } from "@muster/shared/domain/dataset.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { about, type Costs, finished, openCosts, training } from "../support/costs.ts";
import { askFrom, sign } from "../support/signing.ts";

type Interval = { low: number; mid: number; high: number };
type Query = {
  rows: { value: number; source: string };
  bytes: { value: number; source: string };
  cpuSeconds: Interval & { source: string };
  usd: Interval;
  basedOn: { measured: number };
};
type Saving = {
  dataset: string;
  bytes: number;
  monthlyUsd: number;
  unusedSince: string;
  lastUse: object | null;
  rebuildUsd: number | null;
  verdict: string;
};

describe("estimates of other work, on real servers", () => {
  let it: Costs;
  const pins: Record<string, string> = {};
  const load = async (name: string, rows: number, line: (i: number) => string) => {
    const inbox = inboxFolder(it.bench.home);
    mkdirSync(inbox, { recursive: true });
    const header = name === "orders" ? "id,customer,amount,note" : "customer,city";
    writeFileSync(
      join(inbox, `${name}.csv`),
      `${header}\n${Array.from({ length: rows }, (_, i) => line(i)).join("\n")}\n`,
    );
    const { version } = await ingest({ lake: it.own.lake, inbox, file: `${name}.csv`, now: it.clock.now });
    pins[name] = pinOf(name, version);
  };
  const ask = async <T>(tool: string, input: object = {}) =>
    (await askFrom(it.door, { tool: `cost.${tool}`, input: input as Record<string, unknown> })).output as T;
  const query = (input: object) => ask<Query>("estimate_query", input);

  beforeAll(async () => {
    it = await openCosts();
    await load("orders", 30_000, (i) => `${i},${(i * 7919) % 2000},${(i % 977) / 7},order number ${i} of the list`);
    await load("customers", 2000, (i) => `${i},city ${i % 50}`);
  });
  afterAll(() => it?.stop());

  describe("estimate_query", () => {
    test("reads rows from the manifest and bytes from the file's footer, without the columns that aren't read", async () => {
      const all = await query({ kind: "scan", dataset: "orders" });
      const few = await query({ kind: "scan", dataset: pins.orders!, columns: ["amount"] });
      expect(all.rows).toEqual({ value: 30_000, source: "measured" });
      expect(all.bytes.source).toBe("measured");
      const { bytes } = await it.own.lake.manifest(pins.orders!);
      expect(all.bytes.value).toBeLessThanOrEqual(bytes);
      expect(all.bytes.value).toBeGreaterThan(0.9 * bytes);
      expect(few.bytes.value).toBeLessThan(all.bytes.value / 3);
      expect(few.cpuSeconds.mid).toBeLessThan(all.cpuSeconds.mid);
      expect(all.cpuSeconds.source).toBe("estimate");
    });

    test("is calibrated by queries that it measured here once: within a factor of five of what the query takes", async () => {
      const { cpuSeconds, basedOn, usd } = await query({ kind: "profile", dataset: "orders" });
      expect(basedOn.measured).toBe(4);
      const { columns } = await it.own.lake.manifest(pins.orders!);
      const left = { name: "orders", rows: 30_000, columns };
      const took = await withPins(it.own.lake, [pins.orders!], { threads: 1 }, async (engine) => {
        const before = process.cpuUsage();
        await engine.query(querySql({ kind: "profile", left, right: null, on: [] }));
        const { user, system } = process.cpuUsage(before);
        return (user + system) / 1e6;
      });
      expect(cpuSeconds.mid / took).toBeGreaterThan(0.2);
      expect(cpuSeconds.mid / took).toBeLessThan(5);
      expect(usd.low).toBeLessThanOrEqual(usd.mid);
      expect((await it.own.pool.query("select count(*)::int as n from cost.query")).rows[0].n).toBe(16);
    });

    test("a join reads both sides", async () => {
      const on = [{ left: "customer", right: "customer" }];
      const join = { kind: "join", dataset: "orders", columns: ["amount"], with: "customers", on };
      expect((await query(join)).rows.value).toBe(32_000);
      const wide = await query({ kind: "materialize", dataset: "orders", with: "customers", on });
      expect(wide.bytes.value).toBeGreaterThan((await query(join)).bytes.value);
    });

    test.each([
      [{ kind: "scan", dataset: "orders", columns: ["no such"] }, "invalid_input", /orders has no column/],
      [{ kind: "join", dataset: "orders" }, "invalid_input", /needs `with`/],
      [{ kind: "scan", dataset: "orders", with: "customers" }, "invalid_input", /leave `with` out/],
      [{ kind: "join", dataset: "orders", with: "customers" }, "invalid_input", /belong together/],
      [{ kind: "vacuum", dataset: "orders" }, "invalid_input", /kind/],
      [{ kind: "scan", dataset: "nothing_here" }, "not_found", /no dataset/],
      [{ kind: "scan", dataset: "orders", sql: "drop table x" }, "invalid_input", /sql/],
    ])("refuses %j", async (input, code, message) => {
      await expect(query(input)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    });
  });

  describe("estimate_request", () => {
    const step = (id: string, tool: string, more: object = {}) => ({
      ...{ id, tool, status: "succeeded", hintMs: 500, elapsedMs: 2000, each: null },
      ...{ dataset: null, target: null, pins: [], ...more },
    });
    const ended = (request: string, steps: object[]) =>
      it.emit(it.planner, "planner.request_ended", {
        request,
        status: "succeeded",
        by: "ada",
        code: null,
        startedAt: "",
        steps,
      });
    const known = (request: string) =>
      it.settledWhen(async () => (await it.deps.store.steps.ofRequest(request)).length > 0);
    type Whole = {
      seconds: Interval;
      usd: Interval;
      cpuSeconds: Interval;
      memoryMb: number;
      steps: { tool: string; seen: number; times: Interval; seconds: Interval }[];
      table: { rows: number } | null;
      assumptions: string[];
    };

    test("adds up a planned request's steps and its training, from hints first", async () => {
      await ended("req_plan", [
        step("s1", "ml.define_problem", { status: "waiting", elapsedMs: null, dataset: "orders", target: "amount" }),
        step("s2", "quality.profile_dataset", { status: "waiting", elapsedMs: null, each: "scope.pinned" }),
        step("s3", "ml.train_model", { status: "waiting", elapsedMs: null }),
      ]);
      await known("req_plan");
      const whole = await ask<Whole>("estimate_request", { request: "req_plan" });
      expect(whole.table).toMatchObject({ dataset: "orders", rows: 30_000 });
      const trained = whole.steps.find(({ tool }) => tool === "ml.train_model")!;
      expect(trained.seconds.mid).toBeGreaterThan(2);
      expect(whole.seconds.mid).toBeGreaterThan(trained.seconds.mid);
      expect(whole.usd.low).toBeLessThan(whole.usd.mid);
      expect(whole.assumptions.join()).toMatch(/scope\.pinned.*quantity or a class.*own hints/s);
      await expect(ask("estimate_request", { request: "req_none" })).rejects.toMatchObject({ code: "not_found" });
      await expect(ask("estimate_request", {})).rejects.toMatchObject({ code: "invalid_input" });
    });

    test("learns what a tool's steps take and how many come, from requests that ended; no other process teaches it", async () => {
      const before = await ask<Whole>("estimate_request", { request: "req_plan" });
      for (const i of [1, 2, 3])
        await ended(
          `req_seen${i}`,
          ["a", "b", "c"].map((id) => step(id, "quality.profile_dataset", { elapsedMs: 9000, pins: [pins.orders] })),
        );
      await it.emit(it.quality, "planner.request_ended", {
        request: "req_false",
        steps: [step("x", "quality.profile_dataset")],
      });
      await known("req_seen3");
      const after = await ask<Whole>("estimate_request", { request: "req_plan" });
      const profile = after.steps.find(({ tool }) => tool === "quality.profile_dataset")!;
      expect(profile).toMatchObject({ seen: 9, times: { low: 3, mid: 3, high: 3 } });
      expect(profile.seconds.mid).toBeGreaterThan(6);
      expect(profile.seconds.mid).toBeLessThan(12);
      expect(after.seconds.mid).toBeGreaterThan(before.seconds.mid + 15);
      expect(await it.deps.store.steps.ofRequest("req_false")).toEqual([]);
    });
  });

  describe("explain_estimate", () => {
    const explained = (input: object) =>
      ask<{
        candidates: {
          algorithm: string;
          cpuSeconds: number;
          priorShare: number;
          learnedFrom: number;
          rounds: object | null;
          terms: { cpuSeconds: number }[];
        }[];
        given: { runs: number };
        prices: object;
        estimate: { cpuSeconds: Interval };
      }>("explain_estimate", input);
    let receipt: string;
    beforeAll(async () => {
      const parameters = { rounds: 400, learningRate: 0.1, maxDepth: 3, patience: 25 };
      const chosen = await sign(it.ml, "candidates.chosen", about, {
        ...{ rows: 7043, columns: 40, folds: 5, validation: "stratified" },
        candidates: [
          { id: "linear", algorithm: "linear", parameters: { penalties: "1,0.1", iterations: 24 }, reason: "" },
          { id: "xgboost", algorithm: "xgboost", parameters, reason: "" },
        ],
      });
      const set = await sign(
        it.quality,
        "training_set.passed",
        { ...about, scope: [] },
        { training, rows: 7043, positives: 1800, checks: [], dropped: [] },
      );
      const reply = await askFrom(it.door, {
        tool: "cost.estimate_training",
        receipts: [chosen, set],
        request: "req_explained",
      });
      receipt = reply.given[0]!.id;
    });

    test("its terms add up to each candidate's CPU-seconds, and it is the benchmark's word until runs come", async () => {
      const { candidates, prices } = await explained({ receipt });
      expect(candidates.map(({ algorithm }) => algorithm)).toEqual(["linear", "xgboost"]);
      for (const { terms, cpuSeconds, priorShare } of candidates) {
        expect(terms.reduce((sum, term) => sum + term.cpuSeconds, 0)).toBeCloseTo(cpuSeconds, 9);
        expect(priorShare).toBeCloseTo(1, 9);
      }
      expect(candidates[1]!.rounds).toMatchObject({ atMost: 400, seenOfProblem: 0 });
      expect(prices).toEqual(await it.deps.prices());
      expect((await explained({ request: "req_explained" })).estimate).toEqual(
        (await explained({ training })).estimate,
      );
    });

    test("shows what runs taught: a smaller share of the benchmark, the problem's own rounds, the error so far", async () => {
      for (let i = 0; i < 4; i++) {
        const { request, reserved } = await (i === 0 ? it.reserve({}, "req_explained") : it.reserve());
        const work = {
          algorithm: "xgboost",
          rows: 7043,
          columns: 40,
          rounds: 400,
          folds: 5,
          threads: 2,
          cpuSeconds: 40,
          keptRounds: 300,
        };
        const parameters = { rounds: 400, learningRate: 0.1, maxDepth: 3, patience: 25 };
        await it.emit(it.ml, "ml.run_finished", {
          ...finished(request, reserved.reservation),
          ...{ problem: about.problem, works: [{ ...work, parameters }] },
        });
        await it.settledWhen(async () => (await it.spend(request)).reservedUsd === 0);
      }
      const [, boosted] = (await explained({ receipt })).candidates;
      expect(boosted).toMatchObject({ learnedFrom: 4, rounds: { seenOfProblem: 4 } });
      expect(boosted!.priorShare).toBeLessThan(0.9);
      expect((await explained({ receipt })).given.runs).toBeGreaterThanOrEqual(4);
      expect((await explained({ run: "run_req_explained" })).estimate).toBeDefined();
    });

    test.each([
      [{}, "invalid_input"],
      [{ request: "a", run: "b" }, "invalid_input"],
      [{ receipt: "rcp_none" }, "not_found"],
      [{ run: "run_none" }, "not_found"],
    ])("refuses %j", async (input, code) => {
      await expect(explained(input)).rejects.toMatchObject({ code });
    });
  });

  describe("estimate_savings", () => {
    const savings = (input: object = {}) =>
      ask<{ datasets: Saving[]; bytes: number; monthlyUsd: number; storageGbMonthUsd: number; verdict: string }>(
        "estimate_savings",
        input,
      );

    test("says what a table costs to keep and since when no use was seen, and never that it is safe to remove", async () => {
      const { datasets, storageGbMonthUsd, verdict } = await savings();
      const orders = datasets.find(({ dataset }) => dataset === "orders")!;
      const { bytes } = await it.own.lake.manifest(pins.orders!);
      expect(orders.bytes).toBe(bytes);
      expect(orders.monthlyUsd).toBeCloseTo((bytes / 1024 ** 3) * storageGbMonthUsd, 15);
      expect(orders).toMatchObject({ lastUse: null, rebuildUsd: null, unusedSince: it.clock.now.toISOString() });
      expect(orders.verdict).toContain("no use seen since 2026-11-20T10:00:00.000Z in lineage and query log");
      expect(JSON.stringify(datasets) + verdict).not.toMatch(/safe|unused table|can be deleted/);
    });

    test("a receipt about a version is a use of its dataset; registering it isn't", async () => {
      const registered = { dataset: pins.customers! };
      await sign(it.catalog, "dataset.registered", registered, { dataset: pins.customers!, rows: 2000 });
      expect((await savings({ dataset: "customers" })).datasets[0]!.lastUse).toBeNull();
      const checks = { evaluated: 1, successful: 1 };
      await sign(it.quality, "expectations.checked", { dataset: pins.customers! }, checks);
      const [customers] = (await savings({ dataset: "customers" })).datasets;
      expect(customers).toMatchObject({ lastUse: { by: "expectations.checked" } });
      expect((await savings({ dataset: "orders" })).datasets[0]!.lastUse).toBeNull();
    });

    test("what was scored was used, and the scores that came of it weren't", async () => {
      const scored = { problem: "p", model: "m", deployment: "d", scoring: pins.customers! };
      const written = { dataset: "orders", pin: pins.orders!, rows: 2 };
      await sign(it.ml, "predictions.written", scored, written);
      expect((await savings({ dataset: "customers" })).datasets[0]!.lastUse).toMatchObject({
        by: "predictions.written",
      });
      expect((await savings({ dataset: "orders" })).datasets[0]!.lastUse).toBeNull();
    });

    test("lineage that was recorded is a use of what it read, from the agent whose event it is alone", async () => {
      const input = { kind: "dataset", namespace: "", name: "orders", version: "" };
      await it.emit(it.quality, "ml.lineage_recorded", { inputs: [input], outputs: [] });
      expect((await savings({ dataset: "orders" })).datasets[0]!.lastUse).toBeNull();
      await it.emit(it.ml, "ml.lineage_recorded", { inputs: [], outputs: [input] });
      expect((await savings({ dataset: "orders" })).datasets[0]!.lastUse).toBeNull();
      await it.emit(it.ml, "ml.lineage_recorded", { inputs: [input], outputs: [] });
      expect((await savings({ dataset: "orders" })).datasets[0]!.lastUse).toMatchObject({ by: "lineage" });
    });

    test("lists only what no use was seen of for so long", async () => {
      const before = it.clock.now;
      it.clock.now = new Date(Date.now() + 40 * 86_400_000);
      const names = async (unusedForDays: number) =>
        (await savings({ unusedForDays })).datasets.map(({ dataset }) => dataset);
      expect(await names(30)).toContain("orders");
      expect(await names(50)).toEqual([]);
      it.clock.now = before;
    });

    test("what made a dataset says what making it again would cost", async () => {
      await it.emit(it.planner, "planner.request_ended", {
        request: "req_made",
        steps: [
          {
            ...{ id: "w", tool: "pipeline.build_labels", status: "succeeded", hintMs: 1, elapsedMs: 3600_000 },
            ...{ each: null, dataset: null, target: null, pins: [pins.customers] },
          },
        ],
      });
      await it.settledWhen(async () => (await it.deps.store.steps.ofRequest("req_made")).length > 0);
      const [customers] = (await savings({ dataset: "customers" })).datasets;
      expect(customers!.rebuildUsd).toBeCloseTo(it.deps.threads * (await it.deps.prices()).coreHourUsd, 9);
    });

    test.each([
      [{ dataset: "nothing_here" }, "not_found"],
      [{ unusedForDays: -1 }, "invalid_input"],
    ])("refuses %j", async (input, code) => {
      await expect(savings(input)).rejects.toMatchObject({ code });
    });
  });
});
