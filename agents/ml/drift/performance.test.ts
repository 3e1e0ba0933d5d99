import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import type { Scored } from "../weighted-metrics.ts";
import { performanceDrift } from "./performance.ts";

function scored(rows: number, seed: number, truth: (p: number, random: () => number) => number): Scored {
  const random = seededRandom(seed);
  const probabilities = Float64Array.from({ length: rows }, () => random());
  const labels = probabilities.map((p) => Number(random() < truth(p, random)));
  return { task: "binary", labels, probabilities };
}

describe("performance drift", () => {
  it("is found where the labels no longer follow the scores", () => {
    const report = performanceDrift(
      scored(2000, 1, (p) => p),
      scored(800, 2, (p) => 0.25 + p / 2),
      seededRandom(3),
    );
    expect(report.verdict).toBe("drifted");
    const auc = report.metrics.find((m) => m.metric === "roc_auc")!;
    expect(auc.verdict).toBe("drifted");
    expect(auc.low).toBeGreaterThan(0);
    expect(auc.high).toBeGreaterThan(auc.worse);
  });
  it("isn't found where they do, but by chance", () => {
    let alarms = 0;
    for (let seed = 0; seed < 25; seed++) {
      const report = performanceDrift(
        scored(1000, 100 + seed, (p) => p),
        scored(300, 500 + seed, (p) => p),
        seededRandom(seed),
      );
      if (report.verdict === "drifted") alarms++;
    }
    expect(alarms).toBeLessThanOrEqual(1);
  });
  it("abstains where too few labels of a class have matured", () => {
    const enough = scored(1000, 1, (p) => p);
    const few = scored(300, 2, () => 0.02);
    expect(performanceDrift(enough, few, seededRandom(1)).verdict).toBe("abstained");
    expect(
      performanceDrift(
        enough,
        scored(20, 3, (p) => p),
        seededRandom(1),
      ).reason,
    ).toContain("20 rows");
  });
});
