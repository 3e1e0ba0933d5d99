import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";
import { defaultPolicies, filesIn, policiesOf, readPolicyFiles } from "../policy/load-policies.ts";
import { policyFolder } from "../policy/open-policies.ts";
import type { PolicyFile } from "../policy/policy-set.ts";
import { PolicyTestResult, runPolicyTests } from "../policy/run-tests.ts";

const File = z.object({ name: z.string().min(1).max(200), text: z.string().max(150_000) });
const most = 150_000;

export const testPolicies = tool({
  name: "test_policies",
  does: "Runs the tests of policies: those that come with the agent and the team's own, against what stands in the folder; or files that are not in force yet.",
  effect: "read",
  input: z.object({
    /** Policies (`*.cedar`) to try in place of the team's, and tests (`*.test.json`) of them. */
    files: z.array(File).min(1).max(100).optional(),
  }),
  output: z.object({
    tests: z.array(PolicyTestResult),
    passed: z.number().int(),
    failed: z.number().int(),
    policySet: z.string(),
    verdict: z.string(),
  }),
  cost: { ms: 60 },
  run: async ({ files }, { home }: Context & GovernanceDeps) => {
    if (files) checkFiles(files);
    const ending = (list: readonly PolicyFile[], end: string) => list.filter(({ name }) => name.endsWith(end));
    const read = await readPolicyFiles(files ? null : policyFolder(home));
    const policies = policiesOf(files ? { ...read, theirs: ending(files, ".cedar") } : read);
    const own = await testsIn(defaultPolicies);
    const theirs = files ? ending(files, ".test.json") : await testsIn(policyFolder(home));
    // What the team forbids beside the default may well fail a test of the default alone: those are run against that.
    const standard = policiesOf({ ...read, theirs: [] });
    const tests = [...(files ? [] : runPolicyTests(standard, own)), ...runPolicyTests(policies, theirs)];
    if (tests.length === 0)
      throw fault("invalid_input", "there is no test among the files; add a file that ends in .test.json");
    const failed = tests.filter((one) => !one.passed).length;
    const passed = tests.length - failed;
    const verdict = `${passed} passed, ${failed} failed`;
    return { tests, passed, failed, policySet: policies.hash, verdict };
  },
});

async function testsIn(folder: string): Promise<PolicyFile[]> {
  const paths = await filesIn(folder, ".test.json");
  return Promise.all(paths.map(async (path) => ({ name: basename(path), text: await readFile(path, "utf8") })));
}

function checkFiles(files: readonly PolicyFile[]): void {
  const odd = files.find(({ name }) => !/^[^/\\]+\.(cedar|test\.json)$/.test(name));
  if (odd) throw fault("invalid_input", "a file's name ends in .cedar or .test.json and holds no folder");
  if (files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) > most)
    throw fault("invalid_input", `the files hold more than ${most} bytes together; test them in parts`);
}
