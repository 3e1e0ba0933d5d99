import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parityCases, parityDatasets } from "./engine-parity.ts";

const here = existsSync(parityDatasets);
if (!here) console.warn("skipped: ../shared/datasets is absent, ONNX isn't compared with the engine on whole files");

describe.skipIf(!here)("the graph says what the engine says, on every row", () => {
  test.each(parityCases)("$name", { timeout: 60_000 }, async ({ measure }) => {
    const { rows, worst, flips } = await measure();
    expect(rows).toBeGreaterThan(7000);
    expect(worst).toBeLessThanOrEqual(1e-5);
    expect(flips).toBe(0);
  });
});
