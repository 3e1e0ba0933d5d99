import type { Feature } from "@muster/shared/domain/feature.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import type { Suggested } from "../suggest-features.ts";
import { rankFeatures } from "./rank.ts";
import { categoryColumn, numberColumn, type SampledColumn } from "./sampled.ts";

const random = seededRandom(2);
const base = Array.from({ length: 1000 }, () => normal(random));
const like = (share: number) => base.map((value) => value + share * normal(random));
const plain = (name: string, column = name): Feature => ({ kind: "column", name, column, type: "number" });
const window = (name: string, days: number): Feature => ({
  ...{ kind: "window", name, table: "t", key: "k", localKey: "k", time: "at", arrived: null },
  ...{ aggregate: "count", column: null, days, where: null },
});
const suggested = (feature: Feature, strength: number, noise = 0.05): Suggested => ({
  ...{ feature, strength, noise, measure: null, information: 0 },
});
const rank = (features: Suggested[], columns: SampledColumn[]) => {
  const ranked = rankFeatures(features, new Map(columns.map((column) => [column.name, column])));
  return { names: ranked.features.map(({ feature }) => feature.name), redundant: ranked.redundant };
};

describe("the ranking", () => {
  it("gives each source its turn, and puts what is within its noise last", () => {
    const columns = ["w1", "w2", "w3", "b", "idle", "c"].map((name) => numberColumn(name, like(3)));
    const { names, redundant } = rank(
      [
        ...[suggested(window("w1", 1), 0.5), suggested(window("w2", 2), 0.45), suggested(window("w3", 3), 0.4)],
        ...[suggested(plain("b"), 0.2), suggested(plain("idle"), 0.04), suggested(plain("c"), 0.1)],
      ],
      columns,
    );
    expect(names.slice(0, 3)).toEqual(["w1", "b", "c"]);
    expect(names.at(-1)).toBe("idle");
    expect(redundant).toEqual([]);
  });

  it("puts what says something of its own before what mostly repeats, if it is a little weaker", () => {
    const columns = [numberColumn("a", base), numberColumn("repeats", like(0.5)), numberColumn("new", like(20))];
    const strengths = [0.5, 0.4, 0.3];
    const { names } = rank(
      columns.map(({ name }, i) => suggested(plain(name), strengths[i]!)),
      columns,
    );
    expect(names).toEqual(["a", "new", "repeats"]);
  });

  it("names a feature that says the same as one before it, by correlation or by what both know", () => {
    const twin = base.map((value) => 3 - 2 * value + 0.1 * normal(random));
    const city = base.map((value) => `c${Math.round(value)}`);
    const columns = [
      numberColumn("a", base),
      numberColumn("twin", twin),
      numberColumn(
        "squared",
        base.map((value) => Math.exp(3 * value)),
      ),
      numberColumn("other", like(1)),
      categoryColumn("city", city),
      categoryColumn(
        "zip",
        city.map((name) => `zip of ${name}`),
      ),
    ];
    const { names, redundant } = rank(
      columns.map(({ name }, i) => suggested(plain(name), 0.5 - i / 100)),
      columns,
    );
    expect(names[0]).toBe("a");
    expect(redundant.map(({ name, with: other, by }) => [name, other, by]).sort()).toEqual([
      ["squared", "a", "information"],
      ["twin", "a", "correlation"],
      ["zip", "city", "information"],
    ]);
    expect(redundant.find(({ name }) => name === "twin")!.number).toBeLessThan(-0.95);
    expect(redundant.find(({ name }) => name === "zip")!.number).toBe(1);
  });
});
