import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RequestView } from "@muster/shared/domain/request.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { visitors } from "../agents/trainable.ts";
import { commandLine } from "../support/command-line.ts";
import { effectsOf, serve, toolsDone } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

const model = join(import.meta.dirname, "../support/outside-models/leavers-xgboost.json");
const inputs = [
  { column: "tenure" },
  { column: "spent" },
  { column: "plan", equals: "max" },
  { column: "plan", equals: "plus" },
];

describe("a team that only wants what it has gated, watched and audited", () => {
  let it: TestSwarm;
  let signature: string;
  beforeAll(async () => {
    it = await startSwarm();
    expect((await it.owner.put("leavers.csv", visitors(41))).status).toBe(201);
    signature = join(it.home, "signature.json");
    writeFileSync(signature, JSON.stringify({ inputs, classes: ["no", "yes"] }));
  }, 120_000);
  afterAll(() => it?.stop());

  const adopt = (...more: string[]) =>
    commandLine(it, ["adopt", model, "--dataset", "leavers", "--target", "gone", "--signature", signature, ...more]);

  test("a model whose columns aren't there, or without a signature for its text, is refused and leaves nothing live", async () => {
    const before = await effectsOf(it.owner);
    await expect(commandLine(it, ["adopt", model, "--dataset", "leavers", "--target", "gone"])).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("plan_max"),
    });
    const after = await effectsOf(it.owner);
    expect({ ...after, datasets: [] }).toEqual({ ...before, datasets: [] });
  }, 120_000);

  test("adopted in one command: every gate passed, served as it answers, watched, and never said to be cross-validated", async () => {
    const { request, output } = (await adopt("--name", "theirs")) as { request: string; output: { schedule: string } };
    expect(output.schedule).toMatch(/^sch_/);
    const { body: view } = await it.owner.http<RequestView>("GET", `/v1/requests/${request}`);
    expect(toolsDone(view)).toEqual(
      expect.arrayContaining([
        ...["governance.clear_training", "quality.find_leakage", "quality.check_training_set"],
        ...["ml.train_model", "ml.evaluate_model", "ml.explain_model", "ml.register_model"],
        ...["governance.clear_deployment", "ml.deploy_model"],
      ]),
    );
    const trained = view.plan.find(({ tool }) => tool === "ml.train_model")!;
    expect(trained.verdict).toContain("not trained here");
    expect(await effectsOf(it.owner)).toMatchObject({ runs: 1, models: 1, deployments: 1, schedules: 1 });
    const { status, body } = await serve(it, "/invocations?model=theirs", "tenure,plan,spent\n3,basic,25\n55,max,\n");
    expect(status).toBe(200);
    const [gone, stays] = (body.predictions as { probabilities: Record<string, number> }[]).map(
      (one) => one.probabilities.yes!,
    );
    expect(gone).toBeGreaterThan(stays! + 0.3);
    expect(view.assumptions.join()).toContain("can't be checked");
  }, 240_000);
});
