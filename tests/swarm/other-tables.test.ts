import type { RequestView } from "@muster/shared/domain/request.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { strayFigures } from "../../agents/planner/answer/figures.ts";
import { firstLines, publicDatasets, publicFile } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

describe.skipIf(!publicDatasets())("other tables", () => {
  let it: TestSwarm;
  beforeAll(async () => {
    it = await startSwarm();
  }, 120_000);
  afterAll(() => it?.stop());

  function expectDeployed(view: RequestView): NonNullable<RequestView["answer"]> {
    expect(view).toMatchObject({ status: "succeeded", error: null });
    const answer = view.answer!;
    expect(answer.deployment!.url).toContain(it.swarm.urls.serving);
    expect(answer.model!.candidates.map((candidate) => candidate.algorithm)).toContain("constant");
    expect(strayFigures(answer.text, answer)).toEqual([]);
    return answer;
  }

  test("credit_g: good or bad, by name and without", async () => {
    expect((await it.owner.load(publicFile("credit_g", "credit_g.csv"))).status).toBe(201);
    const view = await it.owner.ask("predict class in credit_g");
    const answer = expectDeployed(view);
    expect(answer.model!.metrics.roc_auc).toBeGreaterThan(0.7);
    expect(answer.predictions!.rows).toBe(1000);
    const unnamed = await named("predict credit_g", "class");
    expect(unnamed.answer!.problem).toMatchObject({ task: "binary", label: answer.problem!.label });
  }, 120_000);

  test("phoneme: no header, two classes of whole numbers; trees of two kinds together are served", async () => {
    // All rows: with fewer the ensemble's lead isn't shown to pay.
    expect((await it.owner.load(publicFile("phoneme", "phoneme.csv"))).status).toBe(201);
    const answer = expectDeployed(await it.owner.ask("predict column_6 in phoneme"));
    expect(answer.model!.algorithm).toBe("ensemble");
    expect(answer.text).toMatch(/is an ensemble \([\d.]+ × xgboost\w* \+ [\d.]+ × random_forest\w*\)/);
    expect(answer.text).toMatch(/Chosen: ensemble, its lead over \w+ of [\d.]+ pays/);
    const shares = answer.model!.features.reduce((sum, { importance }) => sum + importance, 0);
    expect(shares).toBeCloseTo(1, 6);
    expect(answer.problem).toMatchObject({ task: "binary" });
    expect(answer.model!.metrics.roc_auc).toBeGreaterThan(0.9);
    expect(answer.predictions!.rows).toBe(5404);
    const unnamed = await named("predict phoneme", "column_6");
    expect(unnamed.answer!.problem!.label).toBe(answer.problem!.label);
  }, 120_000);

  test("bike_sharing: a count an hour, checked on what came last", async () => {
    const text = firstLines(publicFile("bike_sharing", "bike_hourly.csv"), 3001);
    expect((await it.owner.put("bike_hourly.csv", text, { name: "bike_sharing" })).status).toBe(201);
    const view = await it.owner.ask("predict cnt in bike_sharing");
    const answer = expectDeployed(view);
    expect(answer.problem).toMatchObject({ task: "regression" });
    expect(answer.model!.baseline.rmse).toBeGreaterThan(answer.model!.metrics.rmse!);
    expect(answer.predictions!.rows).toBe(3000);
    expect(answer.model!.dropped.map(({ name }) => name)).toContain("bike_sharing.instant");
  }, 120_000);

  /** Asks without the target's name: it is found, or asked for among candidates and the request goes on with the answer. */
  async function named(text: string, target: string): Promise<RequestView> {
    let view = await it.owner.ask(text);
    if (view.status === "awaiting_answer") {
      expect(view.question!.candidates).toContain(target);
      const said = await it.owner.http("POST", `/v1/requests/${view.id}/answer`, { text: target });
      expect(said.status).toBe(200);
      view = await it.owner.settle(view.id);
    }
    expectDeployed(view);
    return view;
  }
});
