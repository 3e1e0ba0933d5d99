import type { FactValue } from "@muster/shared/fact/table.ts";
import { expect, test } from "vitest";
import { unfairness } from "./fairness-text.ts";

const cite = () => "[s1]";
const attribute = (name: string, ratio: number | null): FactValue<"model.fairness">["attributes"][number] => ({
  ...{ attribute: name, isFeature: false, bands: false, leastRows: 20, groups: [], unnamed: 0, alone: [] },
  ratio: ratio === null ? null : { value: ratio, low: 0, high: 1 },
  ...{ tprRatio: null, together: null },
});
const said = (attributes: FactValue<"model.fairness">["attributes"], uncompared: string[] = []) =>
  unfairness(
    {
      facts: {
        "model.fairness": {
          ...{ attributes, worstRatio: null, worstTprRatio: null, worstProxyAuc: null, rows: 9, method: "" },
          uncompared: uncompared.map((one) => ({ attribute: one, reason: "no join" })),
        },
      },
    },
    cite,
  );

test("says by which attributes a model treats groups unlike, and which it couldn't compare", () => {
  const [apart, open] = said([attribute("p.sex", 0.79), attribute("p.age", 0.8)], ["p.origin"]);
  expect(apart).toMatch(/^Between groups of p\.sex its outcome rates differ .*\[s1\]$/);
  expect(apart).not.toContain("p.age");
  expect(open).toMatch(/p\.origin.*\[s1\]$/);
});

test("says nothing where all is even, unknown or there is no protected attribute", () => {
  expect(said([attribute("p.sex", 0.8), attribute("p.age", null)])).toEqual([]);
  expect(said([])).toEqual([]);
  expect(unfairness({ facts: {} }, cite)).toEqual([]);
});
