import { seededRandom } from "@muster/shared/random.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

/** A table of 1,200 rows whose label goes with two of its columns; made up from the seed. */
function table(seed: number): string {
  const random = seededRandom(seed);
  const rows = Array.from({ length: 1200 }, (_, i) => {
    const [visits, region, spend] = [
      Math.floor(random() * 30),
      ["north", "south", "west"][Math.floor(random() * 3)],
      random() * 100,
    ];
    const left = random() < 1 / (1 + Math.exp(0.2 * visits - 1.5 + (region === "north" ? 1 : 0))) ? "yes" : "no";
    return `m${i},${visits},${region},${spend.toFixed(2)},${left}`;
  });
  return `member_id,visits,region,spend,left_club\n${rows.join("\n")}\n`;
}

describe("a request in whose middle processes are killed", () => {
  let it: TestSwarm;
  beforeAll(async () => {
    it = await startSwarm();
    await it.owner.put("members.csv", table(11));
  });
  afterAll(() => it?.stop());

  const pidOf = (name: string) => it.swarm.processes().find((process) => process.name === name)?.pid ?? null;

  test("goes on to its end: nothing is trained or deployed twice", async () => {
    const { body } = await it.owner.http<{ id: string }>("POST", "/v1/requests", {
      text: "predict left_club in members",
    });
    // Each is killed when the request has come to a step of it, or the one before: in the middle of something.
    const victims: [string, string][] = [
      ["quality", "quality.profile_dataset"],
      ["governance", "governance.clear_training"],
      ["planner", "pipeline.build_labels"],
      ["pipeline", "pipeline.materialize_features"],
      ["ml-worker", "ml.train_model"],
      ["ml", "ml.evaluate_model"],
    ];
    const killed: string[] = [];
    for (;;) {
      const { body: view, status } = await it.owner.http<{ status: string; plan: { tool: string; status: string }[] }>(
        "GET",
        `/v1/requests/${body.id}`,
      );
      if (status === 200) {
        const next = victims[0];
        if (next && view.plan.some((step) => step.tool === next[1] && step.status !== "waiting")) {
          const pid = pidOf(next[0]);
          if (pid !== null) {
            process.kill(pid, "SIGKILL");
            killed.push(next[0]);
            victims.shift();
          }
        }
        if (["succeeded", "failed", "cancelled"].includes(view.status)) break;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const view = await it.owner.settle(body.id);
    expect(killed.length).toBeGreaterThanOrEqual(4);
    expect(`${view.status} ${view.error?.message ?? ""}`).toBe("succeeded ");
    const { runs } = (await it.owner.http<{ runs: { status: string }[] }>("GET", "/v1/runs")).body;
    expect(runs.filter((run) => run.status === "finished")).toHaveLength(1);
    const { deployments } = (await it.owner.http<{ deployments: unknown[] }>("GET", "/v1/deployments")).body;
    expect(deployments).toHaveLength(1);
    expect(await it.owner.call("governance.verify_audit", {}, true)).toMatchObject({ body: { output: { ok: true } } });
  });
});
