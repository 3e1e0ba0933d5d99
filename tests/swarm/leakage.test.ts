import { seededRandom } from "@muster/shared/random.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { effectsOf, stepOf } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

/** Customers of whom `refund` is paid when they leave; `usage` goes with leaving a little. */
function customers(): string {
  const random = seededRandom(8);
  const rows = Array.from({ length: 600 }, (_, i) => {
    const usage = random() * 10;
    const gone = random() < 0.15 + 0.05 * usage;
    const refund = gone ? 20 + random() * 5 : random();
    return `c${i},${usage.toFixed(3)},${["basic", "plus", "pro"][i % 3]},${refund.toFixed(2)},${gone ? "yes" : "no"}`;
  });
  return `customer,usage,plan,refund,churn\n${rows.join("\n")}\n`;
}

describe("a column that was known only with the answer", () => {
  let it: TestSwarm;
  beforeAll(async () => {
    it = await startSwarm();
  }, 120_000);
  afterAll(() => it?.stop());

  test("is left out with its number, and comes back only when a person with the role confirms it", async () => {
    const { status } = await it.owner.put("leaving.csv", customers(), { name: "leaving" });
    expect(status).toBe(201);
    const first = await it.owner.ask("predict churn in leaving");
    expect(first).toMatchObject({ status: "succeeded", error: null });
    const dropped = first.answer!.model!.dropped!.find(({ name }) => name === "leaving.refund");
    expect(dropped).toMatchObject({ reason: expect.stringMatching(/leaking/), number: expect.closeTo(1, 2) });
    expect(first.answer!.model!.features!.map(({ name }) => name)).not.toContain("refund");
    const found = stepOf(first, "quality.find_leakage")!.output as { leaks: { column: string; by: string }[] };
    expect(found.leaks).toMatchObject([{ column: "leaving.refund", by: "strength" }]);

    const { problem } = stepOf(first, "ml.define_problem")!.output as { problem: { hash: string } };
    const input = { problem: problem.hash, column: "refund", reason: "refunds are booked a month ahead" };
    const analyst = await it.addPerson("lin", ["analyst"]);
    const before = await effectsOf(it.owner);
    expect(await analyst.call("quality.allow_column", input)).toMatchObject({ status: 403 });
    expect(await effectsOf(it.owner)).toEqual(before);
    const still = await it.owner.ask("train a model that predicts churn from leaving", { name: "still" });
    expect(still.answer!.model!.features!.map(({ name }) => name)).not.toContain("refund");

    expect(await it.owner.call("quality.allow_column", input)).toMatchObject({ status: 200 });
    const again = await it.owner.ask("train a model that predicts churn from leaving", { name: "allowed" });
    expect(again).toMatchObject({ status: "succeeded", error: null });
    expect(again.answer!.model!.features!.map(({ name }) => name)).toContain("refund");
    expect(again.answer!.model!.dropped!.map(({ name }) => name)).not.toContain("leaving.refund");
  }, 240_000);
});
