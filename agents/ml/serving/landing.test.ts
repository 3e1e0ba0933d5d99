import { mkdir, mkdtemp, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Lake, openLake } from "@muster/shared/warehouse/lake.ts";
import { openPins } from "@muster/shared/warehouse/write-query.ts";
import { beforeEach, describe, expect, it } from "vitest";
import type { FeatureInput } from "../scoring/read-features.ts";
import { keptPredictions, landPredictions } from "./landing.ts";

const now = new Date("2026-07-02T00:00:00.000Z");
const plain: FeatureInput[] = [
  { name: "tenure", type: "number" },
  { name: "a/b~c.plan", type: "category" },
];
let lake: Lake;
let folder: string;
beforeEach(async () => {
  const home = await mkdtemp(join(tmpdir(), "landing-"));
  lake = await openLake(home);
  folder = join(home, "predictions");
});

const line = (request: string, more: object = {}) => ({
  ...{ request, row: 0, at: "2026-07-01T10:00:00.000Z", model: "churn", version: 1, key: "c1" },
  ...{ features: { tenure: 3.5, "a/b~c.plan": "pro" }, prediction: "yes", probabilities: { no: 0.25, yes: 0.75 } },
  ...more,
});
async function segment(name: string, lines: object[]) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.jsonl`), lines.map((one) => `${JSON.stringify(one)}\n`).join(""));
}
const land = (features: FeatureInput[] | null = plain) =>
  landPredictions({ lake, folder, now, featuresOf: async () => features });
async function landed(name = "churn_predictions") {
  const manifest = (await lake.newest(name))!;
  const engine = await openPins(lake, { log: `${name}@${manifest.version}` });
  try {
    return await engine.query("SELECT * FROM log");
  } finally {
    engine.close();
  }
}

describe("landing the prediction log", () => {
  it("has nothing to do before anything was served", async () => {
    expect(await land()).toEqual([]);
  });

  it("lands each model's predictions in order, types kept, and deletes the segments", async () => {
    await segment("1", [
      line("b"),
      line("x", { model: "load", version: 7, prediction: 12.5, probabilities: null, features: {} }),
    ]);
    await segment("2", [line("a", { at: "2026-07-01T09:00:00.000Z", key: null, features: { tenure: null } })]);
    expect((await land()).map((pin) => pin.split("@")[0])).toEqual(["churn_predictions", "load_predictions"]);
    expect(await landed()).toEqual([
      expect.objectContaining({ __request: "a", __entity: null, tenure: null, "a/b~c.plan": null }),
      {
        ...{ __at: "2026-07-01T10:00:00.000Z", __request: "b", __row: 0, __version: 1, __entity: "c1", __cutoff: null },
        ...{
          tenure: 3.5,
          "a/b~c.plan": "pro",
          __prediction: "yes",
          __probabilities: '{"no":0.25,"yes":0.75}',
          __role: "answer",
          __split: null,
        },
      },
    ]);
    expect(await landed("load_predictions")).toMatchObject([{ __prediction: "12.5", __version: 7 }]);
    expect(await readdir(folder)).toEqual([]);
  });

  it("adds to what landed before, also when features came and went, and forgets what is too old", async () => {
    await segment("1", [
      line("a"),
      line("old", { at: new Date(now.getTime() - (keptPredictions.days + 1) * 86_400_000) }),
    ]);
    await land();
    await segment("2", [line("b", { version: 2, features: { tenure: "long", fee: 3 } })]);
    await land([
      { name: "tenure", type: "category" },
      { name: "fee", type: "number" },
    ]);
    expect(await landed()).toEqual([
      expect.objectContaining({ __request: "a", tenure: "3.5", "a/b~c.plan": "pro", fee: null }),
      expect.objectContaining({ __request: "b", tenure: "long", "a/b~c.plan": null, fee: 3 }),
    ]);
  });

  it("doesn't land a segment twice that a crash left behind after its version stood", async () => {
    await segment("1", [line("a")]);
    await land();
    await segment("1", [line("a")]);
    await segment("2", [line("b")]);
    await land();
    expect((await landed()).map((row) => row.__request)).toEqual(["a", "b"]);
    expect(await readdir(folder)).toEqual([]);
  });
});
