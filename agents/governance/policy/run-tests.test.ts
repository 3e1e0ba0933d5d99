import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { defaultPolicies, loadPolicies, policiesOf, readPolicyFiles } from "./load-policies.ts";
import { runPolicyTests } from "./run-tests.ts";

const read = async (name: string) => ({ name, text: await readFile(join(defaultPolicies, name), "utf8") });
const own = await read("default.test.json");

test("the default policies pass the tests that come with them, each action and forbid among them", async () => {
  const policies = await loadPolicies(null);
  const results = runPolicyTests(policies, [own]);
  expect(results.filter(({ passed }) => !passed)).toEqual([]);
  const named = new Set(results.flatMap(({ got }) => got.policies));
  const forbids = [...policies.notes.values()].filter(({ effect }) => effect === "forbid").map(({ id }) => id);
  expect(forbids.filter((id) => !named.has(id))).toEqual([]);
});

test("a weakened default fails them", async () => {
  const files = await readPolicyFiles(null);
  const [only] = files.own;
  const weakened = only!.text.replace('resource.exploratory && !context.approvals.contains(Role::"approver")', "false");
  expect(weakened).not.toBe(only!.text);
  const results = runPolicyTests(policiesOf({ ...files, own: [{ ...only!, text: weakened }] }), [own]);
  const failed = results.filter(({ passed }) => !passed);
  expect(failed.map(({ name }) => name)).toContain("a model from too few outcomes waits for an approver");
  expect(failed[0]!.wrong).toContainEqual(expect.stringContaining("allowed"));
});

test("the strict example holds what it says, and only that", async () => {
  const files = await readPolicyFiles(null);
  const policies = policiesOf({ ...files, theirs: [await read("strict.cedar.example")] });
  const ask = { action: "deploy", roles: ["engineer"], purpose: "analytics" };
  const fair = (worstRatio: number) => ({ fairness: { compared: ["d.sex"], uncompared: [], worstRatio } });
  const production = { environment: "production", approvals: ["approver"] };
  const cases = [
    { name: "fair", ask, expect: { allowed: true } },
    { name: "unfair", ask: { ...ask, ...fair(0.79) }, expect: { allowed: false, policies: ["strict.four_fifths"] } },
    { name: "just fair", ask: { ...ask, ...fair(0.8) }, expect: { allowed: true } },
    { name: "approved", ask: { ...ask, ...fair(0.2), approvals: ["approver"] }, expect: { allowed: true } },
    { name: "Monday noon", ask: { ...ask, ...production }, expect: { allowed: true } },
    {
      name: "Friday",
      ask: { ...ask, ...production, at: "2026-01-09T12:00:00.000Z" },
      expect: { allowed: false, policies: ["strict.production"] },
    },
    { name: "night", ask: { ...ask, ...production, at: "2026-01-05T16:00:00.000Z" }, expect: { allowed: false } },
    {
      name: "kept 90 days",
      ask: { action: "train", roles: ["analyst"], purpose: "analytics" },
      expect: { allowed: true, obligations: ["retention:90"] },
    },
  ];
  const results = runPolicyTests(policies, [{ name: "strict", text: JSON.stringify({ tests: cases }) }]);
  expect(results.filter(({ passed }) => !passed)).toEqual([]);
});

test.each<[string, string]>([
  ["what isn't JSON", "{"],
  ["no test at all", `{"tests": []}`],
  [
    "a misspelt expectation",
    `{"tests": [{"name": "a", "ask": {"action": "train", "roles": [], "purpose": "x"}, "expect": {"alowed": true}}]}`,
  ],
  [
    "an expectation of nothing",
    `{"tests": [{"name": "a", "ask": {"action": "train", "roles": [], "purpose": "x"}, "expect": {}}]}`,
  ],
  [
    "an unknown role",
    `{"tests": [{"name": "a", "ask": {"action": "train", "roles": ["king"], "purpose": "x"}, "expect": {"allowed": false}}]}`,
  ],
])("refuses %s, naming the file", async (_, text) => {
  const policies = await loadPolicies(null);
  expect(() => runPolicyTests(policies, [{ name: "ours.test.json", text }])).toThrow(
    expect.objectContaining({ code: "invalid_input", message: expect.stringContaining("ours.test.json") }),
  );
});
