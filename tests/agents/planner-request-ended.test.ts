import type { Process } from "@muster/bus/process.ts";
import { until } from "@muster/infra/until.ts";
import { openPlannerStore, type PlannerStore } from "@muster/planner/store.ts";
import type { Ask, RequestView } from "@muster/shared/domain/request.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Bench, startBench } from "../support/process.ts";

let bench: Bench;
let own: Process;
let store: PlannerStore;

beforeAll(async () => {
  bench = await startBench([{ name: "planner", kind: "agent", of: "planner", file: "" }]);
  own = await bench.process("planner");
  store = await openPlannerStore(own.pool, own.evidence.store.emit);
});
afterAll(() => bench?.stop());

const startedAt = "2026-11-21T00:00:00.000Z";
const viewOf = (id: string, status: RequestView["status"], error: object | null = null): RequestView =>
  ({ id, status, by: "ada", startedAt, plan: [], assumptions: [], error }) as unknown as RequestView;
const ended = () => own.evidence.store.outbox({ xid: "0", seq: 0 }, ["planner.request_ended"]);

test("a request that ends says so once, in the transaction that ends it; one that goes on doesn't", async () => {
  const row = { person: "ada", purpose: "analytics", autonomy: "act", ask: {} as Ask };
  for (const id of ["req_1", "req_2"])
    await own.evidence.store.db
      .transaction()
      .execute((trx) =>
        store.insert(trx, { ...row, id, view: viewOf(id, "running"), deadline: "2026-11-21T00:00:00.000Z" }),
      );
  expect(await store.save("req_1", viewOf("req_1", "awaiting_answer"), "question", {})).toBe(true);
  expect(await store.save("req_1", viewOf("req_1", "failed", { code: "unfit" }), "status", {})).toBe(true);
  expect(await store.save("req_1", viewOf("req_1", "succeeded"), "status", {})).toBe(false);
  expect(await store.save("req_2", viewOf("req_2", "cancelled"), "status", {})).toBe(true);
  const said = await until(async () => {
    const events = await ended();
    if (events.length < 2) throw new Error("not readable yet");
    return events;
  }, AbortSignal.timeout(10_000));
  expect(said.map(({ by }) => by)).toEqual(["planner", "planner"]);
  expect(said.map(({ payload }) => payload)).toEqual([
    { request: "req_1", status: "failed", by: "ada", code: "unfit", startedAt, steps: [] },
    { request: "req_2", status: "cancelled", by: "ada", code: null, startedAt, steps: [] },
  ]);
});
