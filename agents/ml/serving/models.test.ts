import { expect, test } from "vitest";
import { servedModels } from "./models.ts";
import { readSegments } from "./segments.ts";
import type { ServedModel } from "./served-model.ts";
import { flatModel, lookedUpModel, startServing } from "./testing.ts";

const row = { instances: [[10, "basic", null, null]] };
/** The answer of a version: only its intercept differs (tenure at its mean, no plan effect, member half). */
const answerOf = (intercept: number) => 1 / (1 + Math.exp(0.1 - intercept));
const interceptOf = (version: number) => ((version * 37) % 101) / 25 - 2;

test("swaps under load: no request fails, and each was answered by the version it names", async () => {
  const serving = await startServing([flatModel(1, interceptOf(1))]);
  const swaps = 200;
  let swapping = true;
  let answered = 0;
  const versions = new Set<number>();
  const client = async () => {
    while (swapping) {
      const answer = await serving.post("/invocations", row);
      if (answer.status !== 200) throw new Error(`status ${answer.status}: ${answer.body.error}`);
      const version = Number(answer.headers.get("muster-model-version"));
      const { probabilities } = answer.body.predictions[0]!;
      expect(probabilities.Yes).toBeCloseTo(answerOf(interceptOf(version)), 5);
      versions.add(version);
      answered++;
    }
  };
  const clients = [client(), client(), client(), client()];
  for (let version = 2; version <= swaps + 1; version++) {
    await serving.models.replace("churn", flatModel(version, interceptOf(version)));
  }
  swapping = false;
  await Promise.all(clients);
  expect(versions.size).toBeGreaterThan(20);
  expect(serving.models.list().map(({ version }) => version)).toEqual([swaps + 1]);
  await serving.close();
  let logged = 0;
  for await (const segment of readSegments(serving.folder)) logged += segment.rows.length;
  expect(logged + serving.predictions.counts().dropped).toBe(answered);
  expect(serving.predictions.counts().dropped).toBe(0);
});

test("a request under way ends on the old version, whose memory is freed after it and only then", async () => {
  const closed: number[] = [];
  const models = servedModels(({ version }) => closed.push(version));
  await models.replace("churn", flatModel(1));
  const lease = models.lease("churn");
  await models.replace("churn", flatModel(2));
  const columns = new Map([
    ["tenure", [1]],
    ["plan", ["pro"]],
    ["member", [true]],
    ["joined", [null]],
  ] as const);
  const scored = await lease.model.score(
    { rows: 1, columns: new Map([...columns].map(([k, v]) => [k, [...v]])), keys: null },
    new Date(0),
  );
  expect(scored.predictions).toHaveLength(1);
  expect(closed).toEqual([]);
  lease.release();
  lease.release();
  await models.close();
  expect(closed).toEqual([1, 2]);
});

test("replacements of one name happen in the order they were asked for", async () => {
  const models = servedModels();
  await Promise.all([1, 2, 3, 4, 5].map((version) => models.replace("churn", flatModel(version))));
  expect(models.lease("churn").model.served.version).toBe(5);
});

test("a version that can't answer never goes live", async () => {
  const models = servedModels();
  const good = flatModel(1);
  await models.replace("churn", good);
  const golden = { columns: [], rows: 1, expected: [0.5, 0.5] };
  const columns = [
    { name: "tenure", type: "number" as const, values: Float64Array.of(10) },
    { name: "plan", type: "category" as const, values: ["basic"] },
    { name: "member", type: "number" as const, values: Float64Array.of(Number.NaN) },
    { name: "joined_age", type: "number" as const, values: Float64Array.of(Number.NaN) },
  ];
  const p = answerOf(0);
  const bad: [Partial<ServedModel>, string][] = [
    [{ hash: "0".repeat(64) }, "precondition_failed"],
    [{ features: good.features.slice(1) }, "broken_contract"],
    [{ input: { entity: null, columns: good.input.columns.slice(1) } }, "broken_contract"],
    [{ output: { ...good.output, classes: ["No", "Yes", "Perhaps"] } }, "broken_contract"],
    [{ output: { ...good.output, target: "number" } }, "invalid_input"],
    [{ name: "other" }, "invalid_input"],
  ];
  for (const [part, code] of bad) {
    const replaced = models.replace("churn", { ...good, version: 2, ...part }, null);
    await expect(replaced, JSON.stringify(Object.keys(part))).rejects.toMatchObject({ code });
  }
  await expect(models.replace("churn", flatModel(2), { ...golden, columns })).rejects.toMatchObject({ code: "unfit" });
  expect(models.lease("churn").model.served.version).toBe(1);
  await models.replace("churn", flatModel(2), { columns, rows: 1, expected: [1 - p, p] });
  expect(models.lease("churn").model.served.version).toBe(2);
  await expect(models.replace("load", { ...lookedUpModel(), lookup: null })).rejects.toMatchObject({
    code: "broken_contract",
  });
});

test("a removed model is gone for new requests", async () => {
  const models = servedModels();
  await models.replace("churn", flatModel(1));
  await models.remove("churn");
  expect(() => models.lease("churn")).toThrow(expect.objectContaining({ code: "not_found" }));
});

test("a model trained without a cutoff gets no age at it, whenever it is asked", async () => {
  const models = servedModels();
  await models.replace("churn", { ...flatModel(1), cutoff: { kind: "none" } });
  const columns = new Map<string, (number | string | null | boolean)[]>([
    ["tenure", [1]],
    ["plan", ["pro"]],
    ["member", [true]],
  ]);
  const score = async (joined: string | null) => {
    const table = { rows: 1, columns: new Map([...columns, ["joined", [joined]]]), keys: null };
    return (await models.lease("churn").model.score(table, new Date())).probabilities;
  };
  expect(await score("2001-01-01")).toEqual(await score(null));
});
