import { setTimeout as sleep } from "node:timers/promises";
import { chiSquareTest } from "@muster/shared/stats/tests.ts";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readWork } from "../abtest/serving-work.ts";
import type { PredictionRow } from "./prediction-log.ts";
import { readSegments } from "./segments.ts";
import type { ServedModel } from "./served-model.ts";
import { checkSplit, type Split, sideOf } from "./split.ts";
import { flatModel, startServing, type TestServing } from "./testing.ts";

/** Machines are slow at times. */
const patient = { timeout: 30_000 };

const split: Split = { salt: "a test", arms: [{ version: 2, trafficPercent: 30 }], shadow: [3], controlPercent: 10 };
const keys = Array.from({ length: 20_000 }, (_, i) => `customer ${i}`);

describe("the sides of a split", () => {
  it("have their shares, the control share of either arm alike", () => {
    const counts = [0, 0, 0, 0];
    for (const key of keys) {
      const { version, control } = sideOf(split, key);
      counts[(version === 2 ? 2 : 0) + (control ? 1 : 0)]! += 1;
    }
    const expected = [0.7 * 0.9, 0.7 * 0.1, 0.3 * 0.9, 0.3 * 0.1].map((share) => share * keys.length);
    expect(chiSquareTest(counts, expected).pValue).toBeGreaterThan(0.01);
  });
  it("stick to their entity, and are drawn anew by another split", () => {
    for (const key of keys.slice(0, 100)) expect(sideOf(split, key)).toEqual(sideOf({ ...split }, key));
    const moved = keys.filter((key) => sideOf(split, key).version !== sideOf({ ...split, salt: "b" }, key).version);
    expect(moved.length / keys.length).toBeCloseTo(2 * 0.3 * 0.7, 1);
  });
  it("leave rows without a key to the live version", () => {
    expect(sideOf({ ...split, controlPercent: 50 }, null)).toEqual({ version: null, control: false });
  });
  it.each([
    [
      {
        arms: [
          { version: 2, trafficPercent: 70 },
          { version: 4, trafficPercent: 40 },
        ],
      },
      "110 %",
    ],
    [{ shadow: [2] }, "named twice"],
    [{ shadow: [1] }, "version 1 is the live one"],
    [{ arms: [], shadow: [], controlPercent: 0 }, "splits nothing"],
  ])("are refused where %j", (wrong, words) => {
    expect(() => checkSplit({ ...split, ...wrong }, 1)).toThrow(words);
    expect(checkSplit(split, 1)).toEqual(split);
  });
});

describe("a served split", () => {
  const keyed = (version: number): ServedModel => {
    const model = flatModel(version, version / 4);
    return { ...model, input: { ...model.input, entity: { name: "customer", type: "text" } } };
  };
  let serving: TestServing;
  afterEach(() => serving?.close());
  const start = async (beside: ServedModel[] = [keyed(2), keyed(3)], wanted: Split = split) => {
    serving = await startServing([]);
    await serving.models.replace("churn", keyed(1), null, { split: wanted, models: beside });
    return serving;
  };
  const rows = keys.slice(0, 300);
  const records = rows.map((customer) => ({ customer, tenure: 10, plan: "basic", member: null, joined: null }));
  type Answer = {
    predictions: { probabilities: { Yes: number } }[];
    versions: string[];
    acted_on: boolean[];
  };
  const answerOf = (version: number) => 1 / (1 + Math.exp(0.1 - version / 4));
  const logged = async (): Promise<PredictionRow[]> => {
    await serving.predictions.close();
    const found: PredictionRow[] = [];
    for await (const segment of readSegments(serving.folder)) found.push(...segment.rows);
    return found;
  };

  it("answers each row by the version of its entity, named for it, in the order that was sent", async () => {
    await start();
    const answer = await serving.post("/invocations", { dataframe_records: records });
    expect([answer.status, answer.headers.get("muster-model-version")]).toEqual([200, "1,2"]);
    const { predictions, versions, acted_on } = answer.body as unknown as Answer;
    rows.forEach((key, row) => {
      const { version, control } = sideOf(split, key);
      expect(versions[row]).toBe(String(version ?? 1));
      expect(predictions[row]!.probabilities.Yes).toBeCloseTo(answerOf(version ?? 1), 5);
      expect(acted_on[row]).toBe(!control);
    });
  });

  it("keeps a shadow's answers from the caller and logs them under the same request and rows", async () => {
    await start();
    const inputs = Object.entries({
      customer: "BYTES",
      tenure: "FP64",
      plan: "BYTES",
      member: "BOOL",
      joined: "BYTES",
    });
    const answer = await serving.post("/v2/models/churn/infer", {
      id: "mine",
      inputs: inputs.map(([name, datatype]) => ({
        ...{ name, datatype, shape: [rows.length, 1] },
        data: records.map((record) => record[name as keyof (typeof records)[0]]),
      })),
    });
    expect([answer.status, answer.body.model_version]).toEqual([200, "1,2"]);
    await vi.waitFor(() => expect(serving.predictions.counts().logged).toBe(2 * rows.length), patient);
    const log = await logged();
    expect(new Set(log.map(({ request }) => request))).toEqual(new Set(["mine"]));
    expect(new Set(log.map((line) => line.split))).toEqual(new Set([split.salt]));
    const shadows = log.filter(({ role }) => role === "shadow");
    expect(new Set(shadows.map(({ version }) => version))).toEqual(new Set([3]));
    expect(shadows.map(({ row, key }) => [row, key])).toEqual(rows.map((key, row) => [row, key]));
    for (const { row, key, version, role } of log.filter((line) => line.role !== "shadow")) {
      const side = sideOf(split, rows[row]!);
      expect([key, version, role]).toEqual([rows[row], side.version ?? 1, side.control ? "control" : "answer"]);
    }
  });

  it("a version that is asked for by name answers alone and is no part of the split", async () => {
    await start();
    const answer = await serving.post("/invocations?model=churn/3", { dataframe_records: records.slice(0, 5) });
    expect(answer.headers.get("muster-model-version")).toBe("3");
    expect((await serving.post("/invocations?model=churn/4", { dataframe_records: records })).status).toBe(404);
    expect((await logged()).map(({ version, role, split }) => [version, role, split])).toEqual(
      Array.from({ length: 5 }, () => [3, "asked", undefined]),
    );
  });

  it("where a version beside it fails, the live one answers its rows and is the version named; the failure is counted", async () => {
    const broken = keyed(2);
    const wrong = { ...broken, cutoff: { kind: "column" as const, column: "absent" } };
    await start([wrong, keyed(3)]);
    const answer = await serving.post("/invocations", { dataframe_records: records });
    expect([answer.status, answer.headers.get("muster-model-version")]).toEqual([200, "1"]);
    const { text } = await serving.get("/metrics");
    expect(text).toContain('muster_serving_version_failures_total{model="churn",version="2",split="a test"} 1');
  });

  /** Sends single rows, one after the other; gives after which request the versions beside the live one were gone, null where none was. */
  async function lostAfter(requests: number, from = 0): Promise<number | null> {
    for (let i = 0; i < requests; i++) {
      const record = {
        customer: `one ${from + i}`,
        tenure: i % 40,
        plan: i % 3 ? "pro" : "basic",
        member: i % 2 === 0,
      };
      const answer = await serving.post("/invocations", { dataframe_records: [{ ...record, joined: null }] });
      expect(answer.status).toBe(200);
      const { probabilities } = answer.body.predictions[0]!;
      expect(Number.isFinite(probabilities.Yes)).toBe(true);
      if (serving.models.gone().length > 0) return i + 1;
    }
    return null;
  }
  const changed = (version: number, intercept: number): ServedModel => {
    const model = flatModel(version, intercept);
    return { ...model, input: { ...model.input, entity: { name: "customer", type: "text" } } };
  };
  const slowLookup: ServedModel["online"] = {
    names: new Set(),
    find: () => sleep(40, { asOf: null, values: new Map() }),
  };
  const deadLookup: ServedModel["online"] = { names: new Set(), find: () => new Promise(() => {}) };

  it.each<[string, ServedModel, RegExp]>([
    ["fails", { ...keyed(2), cutoff: { kind: "column", column: "absent" } }, /fails \d+ of \d+ requests/],
    ["gives no number", changed(2, Number.NaN), /fails \d+ of \d+ requests/],
    ["is slow", { ...changed(2, 0.25), online: slowLookup }, /more than 3 times as long/],
    ["gives shifted scores", changed(2, 2.5), /the odds are a factor of 2 apart or more/],
  ])(
    "a version that %s loses its traffic within 500 requests at a share of 5 %, and callers never notice",
    async (_, bad, because) => {
      const few: Split = { salt: "a canary", arms: [{ version: 2, trafficPercent: 5 }], shadow: [], controlPercent: 0 };
      await start([bad], few);
      expect(await lostAfter(500)).toBeGreaterThanOrEqual(10);
      expect(serving.models.gone()).toEqual([
        { model: "churn", version: 2, split: "a canary", because: expect.stringMatching(because) },
      ]);
      const answer = await serving.post("/invocations", { dataframe_records: records });
      expect(answer.headers.get("muster-model-version")).toBe("1");
      const work = readWork((await serving.get("/metrics")).text, "churn", "a canary");
      expect(work.get(2)!.gone).toMatch(because);
      expect(work.get(1)!.gone).toBeNull();
      // Newer features of the same split don't give it back; another split begins anew.
      await serving.models.replace("churn", keyed(1), null, { split: few, models: [bad] });
      expect(serving.models.gone()).toHaveLength(1);
      await serving.models.replace("churn", keyed(1), null, { split: { ...few, salt: "anew" }, models: [keyed(2)] });
      expect(serving.models.gone()).toEqual([]);
    },
    60_000,
  );

  it("a version that never answers keeps no caller waiting and loses its traffic", async () => {
    const half: Split = { salt: "a canary", arms: [{ version: 2, trafficPercent: 50 }], shadow: [], controlPercent: 0 };
    await start([{ ...changed(2, 0), online: deadLookup }], half);
    const lost = await Promise.all(Array.from({ length: 40 }, (_, crowd) => lostAfter(2, 1000 * crowd)));
    expect(lost).toContain(1);
    expect(serving.models.gone()).toMatchObject([{ because: expect.stringMatching(/^version 2 fails/) }]);
  }, 60_000);

  it("a good version keeps its traffic, one that scores somewhat higher and many requests at once included", async () => {
    const half: Split = { salt: "a canary", arms: [{ version: 2, trafficPercent: 50 }], shadow: [], controlPercent: 0 };
    await start([changed(2, 0.6)], half);
    expect(await lostAfter(300)).toBeNull();
    const crowds = Array.from({ length: 32 }, (_, crowd) => lostAfter(15, 1000 * (crowd + 1)));
    expect(await Promise.all(crowds)).toEqual(crowds.map(() => null));
    const answer = await serving.post("/invocations", { dataframe_records: records });
    expect(answer.headers.get("muster-model-version")).toBe("1,2");
  }, 60_000);

  it("a split with a version that can't be loaded isn't put in force; what was served stays", async () => {
    await start();
    const damaged = { ...keyed(4), hash: "0".repeat(64) };
    const next = { split: { ...split, arms: [], shadow: [4] }, models: [damaged] };
    await expect(serving.models.replace("churn", keyed(1), null, next)).rejects.toThrow();
    const answer = await serving.post("/invocations", { dataframe_records: records });
    expect(answer.headers.get("muster-model-version")).toBe("1,2");
  });
});
