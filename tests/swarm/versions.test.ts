import type { RequestView } from "@muster/shared/domain/request.ts";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { flatTable, stepOf, toolsDone } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

let it: TestSwarm;
beforeAll(async () => {
  it = await startSwarm();
}, 120_000);
afterAll(() => it?.stop());

const load = async (seed: number) =>
  expect(await it.owner.put("accounts.csv", flatTable(900, seed))).toMatchObject({ status: 201 });
const ask = async (text: string): Promise<RequestView> => {
  const view = await it.owner.ask(text);
  expect(view, text).toMatchObject({ status: "succeeded", error: null });
  return view;
};
const outputOf = (view: RequestView, tool: string) => stepOf(view, tool)!.output as Record<string, unknown>;
/** Which versions answer 200 accounts, in ascending order. */
async function answering(): Promise<string | null> {
  const records = Array.from({ length: 200 }, (_, i) => ({
    row_key: `k2x${i}`,
    usage: i % 100,
    plan: "plus",
    tickets: i % 5,
  }));
  const response = await fetch(`${it.swarm.urls.serving}/invocations?model=churn`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ dataframe_records: records }),
  });
  await response.json();
  return response.status === 200 ? response.headers.get("muster-model-version") : String(response.status);
}
const answers = (versions: string) =>
  vi.waitFor(async () => expect(await answering()).toBe(versions), { timeout: 30_000, interval: 200 });

test("a model's versions in plain words: tested against each other, told what came of them, promoted, rolled back, retired", async () => {
  await load(1);
  expect((await ask("predict churn in accounts")).answer!.deployment!.name).toBe("churn");
  await load(2);
  expect(outputOf(await ask("train churn in accounts"), "ml.register_model").version).toBe(2);
  await answers("1");

  // A question about a version is about that one, on the data that it was made of, though newer were loaded since.
  type Model = { hash: string; version: number };
  const { body: known } = await it.owner.http<{ models: { versions: Model[] }[] }>("GET", "/v1/models");
  const hashOf = (version: number) => known.models[0]!.versions.find((one) => one.version === version)!.hash;
  const anew = /train_model|define_problem|build_labels|suggest_features|register_feature_view/;
  for (const [text, version] of [
    ["explain churn", 1],
    ["explain version 2 of churn", 2],
  ] as const) {
    const explained = await ask(text);
    expect(explained.answer!.model, text).toMatchObject({ name: "churn", version, hash: hashOf(version) });
    expect(explained.answer!.text).toContain("Most strongly associated with its output");
    expect(toolsDone(explained).filter((tool) => anew.test(tool))).toEqual([]);
  }
  const wrong = await ask("where is model churn@champion wrong?");
  expect(outputOf(wrong, "ml.find_error_slices")).toMatchObject({ model: hashOf(1) });
  expect(toolsDone(wrong).filter((tool) => anew.test(tool))).toEqual([]);
  const slice = { feature: "usage", to: 40 };
  const called = await it.owner.call<{ output: { slice: { rows: number } }; request: string }>("ml.explain_model", {
    ...{ model: "models:/churn/2", slice },
  });
  expect(called).toMatchObject({ status: 200, body: { output: { slice: { rows: expect.any(Number) } } } });
  expect(stepOf(await it.owner.settle(called.body.request), "ml.explain_model")!.on).toMatchObject({
    model: hashOf(2),
  });
  for (const [model, status] of [
    [hashOf(1), 200],
    ["sales", 404],
    ["models:/churn/9", 404],
    ["churn model", 400],
  ] as const)
    expect((await it.owner.call("ml.explain_model", { model })).status, model).toBe(status);

  // The table changes once more: what the version reads is in the rows that are sent, so that it can still be compared.
  await load(3);
  // Neither defined, cleared for training nor trained again: the version stands on what it was made of.
  const begun = await ask("start an A/B test of churn version 2 against version 1 with 30 % traffic");
  expect(toolsDone(begun)).toContain("governance.clear_deployment");
  expect(toolsDone(begun).filter((tool) => /train_model|define_problem|build_labels/.test(tool))).toEqual([]);
  expect(outputOf(begun, "ml.start_ab_test")).toMatchObject({ version: 2, against: 1, trafficPercent: 30 });
  expect(outputOf(begun, "ml.start_ab_test").older).toMatchObject([{ dataset: "accounts" }]);
  expect(begun.answer!.text).toMatch(/trained before accounts changed/);
  await answers("1,2");
  const waiting = await ask("how is the A/B test of churn going?");
  expect(outputOf(waiting, "ml.ab_test_models")).toMatchObject({
    status: "running",
    result: { verdict: "no_outcome_yet" },
  });
  expect(waiting.answer!.text).toContain("no outcome yet");

  const told = Array.from(
    { length: 100 },
    (_, i) => `k2x${i},${i % 3 === 0 ? "yes" : "no"},${new Date().toISOString()}`,
  );
  expect(
    (await it.owner.put("left.csv", `row_key,churn,left_at\n${told.join("\n")}\n`, { name: "left_accounts" })).status,
  ).toBe(201);
  const recorded = await ask("record the outcomes in left_accounts for churn");
  expect(toolsDone(recorded)).toContain("governance.clear_access");
  expect(outputOf(recorded, "ml.record_outcomes")).toMatchObject({ read: 100, added: 100 });

  const somebody = { dataset: "accounts", column: "row_key", person: "k2x5" };
  type Found = { output: { places: { dataset: string; newest: boolean; rows: number | null }[] } };
  const { body } = await it.owner.call<Found>("governance.find_personal_data", somebody);
  expect(body.output.places).toContainEqual(
    expect.objectContaining({ dataset: "churn_outcomes", newest: true, rows: 1 }),
  );

  await ask("promote the challenger of churn");
  await answers("2");
  const back = await ask("roll back churn");
  expect(toolsDone(back)).toContain("governance.clear_change");
  expect(outputOf(back, "ml.rollback_deployment")).toMatchObject({ from: 2, to: 1 });
  await answers("1");
  const refused = await it.owner.ask("roll back sales");
  expect(refused).toMatchObject({ status: "failed", error: { code: "not_found" } });

  const schedules = async () =>
    (await it.owner.http<{ schedules: { deployment: string | null }[] }>("GET", "/v1/schedules")).body.schedules.length;
  expect(await schedules()).toBe(1);
  expect(outputOf(await ask("retire the churn model"), "ml.retire_model")).toMatchObject({ versions: [1, 2], down: 1 });
  await answers("404");
  expect((await it.owner.call("ml.explain_model", { model: "churn" })).status).toBe(412);
  await vi.waitFor(async () => expect(await schedules()).toBe(0), { timeout: 15_000, interval: 200 });
  expect((await it.owner.http<{ deployments: unknown[] }>("GET", "/v1/deployments")).body.deployments).toEqual([]);
}, 400_000);
