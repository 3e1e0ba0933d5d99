import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultPrices, loadPrices, usd } from "./price.ts";

it("prices a core for an hour and a gigabyte for an hour", () => {
  expect(usd(defaultPrices, { cpuSeconds: 3600, memoryMb: 0, seconds: 0 })).toBeCloseTo(0.04, 12);
  expect(usd(defaultPrices, { cpuSeconds: 0, memoryMb: 2048, seconds: 1800 })).toBeCloseTo(0.005, 12);
});

describe("the price table", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "prices-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is created with the defaults, also by two at once, and nothing is left beside it", async () => {
    const path = join(folder, "home", "prices.json");
    expect(await Promise.all([loadPrices(path), loadPrices(path)])).toEqual([defaultPrices, defaultPrices]);
    expect(await readdir(join(folder, "home"))).toEqual(["prices.json"]);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual(defaultPrices);
  });
  it("is what a user made of it", async () => {
    const path = join(folder, "prices.json");
    await writeFile(path, '{"coreHourUsd": 1, "gbHourUsd": 0}');
    expect(await loadPrices(path)).toEqual({ ...defaultPrices, coreHourUsd: 1, gbHourUsd: 0 });
    await writeFile(path, '{"coreHourUsd": 1, "gbHourUsd": 0, "storageGbMonthUsd": 2}');
    expect(await loadPrices(path)).toMatchObject({ storageGbMonthUsd: 2 });
  });
  it.each([
    ["{", /not JSON/],
    ['{"coreHourUsd": -1, "gbHourUsd": 0}', /coreHourUsd/],
    ['{"coreHourUsd": 1}', /gbHourUsd/],
    ['{"coreHourUsd": 1, "gbHourUsd": 0, "gpuHourUsd": 2}', /gpuHourUsd/],
  ])("is refused with what is wrong: %s", async (text, message) => {
    const path = join(folder, "prices.json");
    await writeFile(path, text);
    await expect(loadPrices(path)).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(message),
    });
  });
});
