import { existsSync } from "node:fs";
import { join } from "node:path";
import { until } from "@muster/infra/until.ts";
import type { RequestView } from "@muster/shared/domain/request.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

type Told = { versions: { pin: string; why: string }[]; bytes: number; verdict: string };

describe("garbage on a schedule", () => {
  let it: TestSwarm;
  let old: string;

  const snapshot = (pin: string) => join(it.home, "lake", `${pin.replace("@", "/")}.parquet`);
  const load = async (rows: number) => {
    const text = `id,amount\n${Array.from({ length: rows }, (_, i) => `${i},${i / 2}`).join("\n")}\n`;
    const { body } = await it.owner.put("sales.csv", text);
    const { name, version } = (body as { datasets: { name: string; version: string }[] }).datasets[0]!;
    return `${name}@${version}`;
  };
  /** Schedules a call, makes it due and gives the request that came of it, as it rests. */
  async function scheduled(name: string, call: object): Promise<RequestView> {
    const set = await it.owner.call<{ output: { schedule: string } }>("pipeline.set_schedule", {
      ...{ name, call, cron: "0 4 * * 0" },
    });
    expect(set.status).toBe(200);
    const { schedule } = set.body.output;
    expect((await it.owner.call("pipeline.trigger_schedule", { schedule })).status).toBe(200);
    const id = await until(async () => {
      const { body } = await it.owner.http<{ requests: RequestView[] }>("GET", "/v1/requests?limit=50");
      const found = body.requests.find((request) => request.by === schedule);
      if (!found) throw new Error("the schedule's request hasn't come yet");
      return found.id;
    }, AbortSignal.timeout(60_000));
    return it.owner.settle(id);
  }

  beforeAll(async () => {
    it = await startSwarm();
    old = await load(200);
    await load(300);
    const rule = { dataset: "sales", versions: 1, reason: "a test" };
    expect((await it.owner.call("governance.set_retention", rule)).status).toBe(200);
  }, 240_000);
  afterAll(() => it?.stop());

  test("the plan is told on its day, to be read and agreed to by a person, and nothing goes", async () => {
    const view = await scheduled("weekly_garbage", { tool: "governance.plan_garbage", input: {} });
    expect(view).toMatchObject({ status: "succeeded", error: null });
    const told = view.plan.at(-1)!.output as Told;
    expect(told.versions).toMatchObject([{ pin: old }]);
    expect(told.verdict).toMatch(/^1 versions, .* would be freed/);
    expect(existsSync(snapshot(old))).toBe(true);
  }, 120_000);

  test("removal wants a person each time: a schedule of it ends without removing anything", async () => {
    const { body } = await it.owner.call<{ output: Told }>("governance.plan_garbage", {});
    const input = { remove: true, bytes: body.output.bytes };
    const view = await scheduled("weekly_removal", { tool: "governance.collect_garbage", input });
    expect(view).toMatchObject({ status: "failed", error: { code: "precondition_failed" } });
    expect(existsSync(snapshot(old))).toBe(true);
  }, 120_000);
});
