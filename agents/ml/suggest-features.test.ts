import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import type { Association } from "@muster/shared/features/associations.ts";
import { flatProblem } from "@muster/shared/features/testing-problem.ts";
import { describe, expect, it } from "vitest";
import { chooseFeatures, pairsToCompare } from "./suggest-features.ts";

describe("the choice among candidates", () => {
  const number = (name: string): Feature => ({ kind: "column", name, column: name, type: "number" });
  const log = (name: string): Feature => ({ kind: "log", name, column: name });
  const known = (name: string, changes: Partial<Association> = {}): Association => ({
    name,
    rows: 10_000,
    missing: 0,
    distinct: 50,
    rank: 0.6,
    information: 0.01,
    ...changes,
  });
  const choose = (
    features: Feature[],
    associations: Association[],
    correlations = [] as { left: string; right: string; r: number }[],
    task: "binary" | "regression" = "binary",
    changes: Partial<Problem> = {},
  ) => {
    const noise = new Map(associations.map(({ name, rows }) => [name, 2 / Math.sqrt(rows)]));
    return chooseFeatures(flatProblem({ task, ...changes }), features, { associations, correlations, noise });
  };

  it("is ordered by strength", () => {
    const { features } = choose(
      [number("a"), number("b"), number("c")],
      [known("a"), known("b", { rank: 0.2 }), known("c", { rank: 0.55 })],
    );
    expect(features.map((s) => s.feature.name)).toEqual(["b", "a", "c"]);
  });

  it.each<[string, Partial<Association>, "binary" | "regression", RegExp, number]>([
    ["one AUC above the bound", { rank: 0.985 }, "binary", /leaking.*AUC/, 0.985],
    ["one AUC below it", { rank: 0.01 }, "binary", /leaking.*AUC/, 0.99],
    ["the target's information", { information: 0.97 }, "binary", /leaking.*information/, 0.97],
    ["the order of amounts", { rank: -0.999 }, "regression", /leaking.*correlation/, 0.999],
    ["one value", { distinct: 1 }, "binary", /constant/, 1],
    ["next to no value", { missing: 9900 }, "binary", /missing/, 0.99],
  ])("drops %s with its number", (_, changes, task, reason, value) => {
    const { features, dropped } = choose([number("a"), number("b")], [known("a", changes), known("b")], [], task);
    expect(features.map((s) => s.feature.name)).toEqual(["b"]);
    expect(dropped).toEqual([{ name: "a", reason: expect.stringMatching(reason), number: value }]);
  });

  it("doesn't call a handful of rows a leak, and counts the rows that have no value", () => {
    const { features } = choose(
      [number("a"), number("b")],
      [known("a", { rank: 1, missing: 9585, rows: 9600 }), known("b")],
    );
    expect(features.length).toBe(1);
    const sparse = choose(
      [number("a"), number("b")],
      [known("a", { rank: 0.9, missing: 9000 }), known("b", { rank: 0.7 })],
    );
    expect(sparse.features.map((s) => s.feature.name)).toEqual(["b", "a"]);
  });

  it("drops what is derived from a leaking column, and what counts time", () => {
    const { features, dropped } = choose(
      [
        number("a"),
        log("a_log"),
        { kind: "ratio", name: "b_per_a", numerator: "b", denominator: "a" },
        number("b"),
        number("c"),
      ],
      [known("a", { rank: 0.999 }), known("a_log"), known("b_per_a"), known("b"), known("c")],
      [{ left: "c", right: "__cutoff", r: 0.995 }],
    );
    expect(features.map((s) => s.feature.name).sort()).toEqual(["a_log", "b"]);
    expect(dropped.map((d) => d.reason)).toEqual([
      expect.stringMatching(/^leaking/),
      "reads flat.a, which is leaking",
      "moves with time by construction (correlation)",
    ]);
  });

  it("keeps what tells much from rows before it, unless a column it reads tells the target by itself or nothing judged it", () => {
    const past = { table: "flat", key: "card", localKey: "card", time: "at", arrived: null };
    const window = (name: string, column: string | null): Feature => ({
      ...{ kind: "window", name, ...past, aggregate: column === null ? "count" : "max", column, days: 1, where: null },
    });
    const rate = (name: string, delayDays: number): Feature => ({
      kind: "label_rate",
      name,
      key: "card",
      days: 7,
      delayDays,
    });
    const features = [
      ...[number("told"), number("fine"), window("n", null), window("fine_max", "fine"), window("told_max", "told")],
      ...[window("unseen_max", "unseen"), rate("late", 7), rate("early", 2)],
      { ...window("elsewhere", null), table: "other" } as Feature,
    ];
    const strong = { rank: 0.99 };
    const { features: kept, dropped } = choose(
      features,
      features.map(({ name }) => known(name, name === "fine" ? {} : strong)),
      [],
      "binary",
      { time: "at", labelDelayDays: 7 },
    );
    expect(kept.map(({ feature }) => feature.name).sort()).toEqual(["fine", "fine_max", "late", "n"]);
    expect(dropped.map(({ name }) => name).sort()).toEqual(["early", "elsewhere", "told", "told_max", "unseen_max"]);
    const now = choose([rate("at_once", 2), number("fine")], [known("at_once", strong), known("fine")], [], "binary", {
      time: "at",
    });
    expect(now.dropped).toEqual([{ name: "at_once", reason: expect.stringMatching(/^leaking/), number: 0.99 }]);
  });

  it("keeps a single one of features that are the same, the plainest", () => {
    const same = [{ left: "log", right: "a", r: -1 }];
    const { features, dropped } = choose(
      [log("log"), number("a")],
      [known("log", { rank: 0.7 }), known("a", { rank: 0.69 })],
      same,
    );
    expect(features.map((s) => s.feature.name)).toEqual(["a"]);
    expect(dropped).toEqual([{ name: "log", reason: "the same as a (correlation)", number: -1 }]);
  });

  it("drops what is derived and weaker than chance, but keeps weak columns as they stand", () => {
    const weak = { rank: 0.505, information: 0 };
    const { features, dropped } = choose([number("a"), log("b")], [known("a", weak), known("b", weak)]);
    expect(features.map((s) => s.feature.name)).toEqual(["a"]);
    expect(dropped[0]).toMatchObject({ name: "b", number: 0.01 });
  });

  it("takes at most 60, each family in its turn", () => {
    const window = (name: string, column: string, days: number): Feature => ({
      kind: "window",
      name,
      table: "t",
      key: "k",
      localKey: "k",
      time: "at",
      arrived: null,
      aggregate: "mean",
      column,
      days,
      where: null,
    });
    const crowd = Array.from({ length: 100 }, (_, i) => window(`crowd${i}`, "x", i + 1));
    const lone = window("lone", "y", 7);
    const { features, dropped } = choose(
      [...crowd, lone],
      [...crowd.map((f) => known(f.name, { rank: 0.7 })), known("lone")],
    );
    expect(features.length).toBe(60);
    expect(features.at(-1)!.feature.name).toBe("lone");
    expect(dropped.length).toBe(41);
  });

  it("compares only pairs that can be the same", () => {
    const pairs = pairsToCompare(
      [number("a"), number("b"), number("c"), number("d")],
      [known("a"), known("b", { rank: 0.4 }), known("c", { rank: 0.9 }), known("d", { missing: 5 })],
      flatProblem(),
    );
    expect(pairs).toEqual([["a", "b"]]);
    expect(pairsToCompare([number("a")], [known("a")], flatProblem({ time: "at" }))).toEqual([["a", "__cutoff"]]);
  });

  it("is unfit where nothing is left", () => {
    expect(() => choose([number("a")], [known("a", { rank: 1 })])).toThrow(expect.objectContaining({ code: "unfit" }));
  });
});
