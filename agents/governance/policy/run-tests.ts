import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { decide } from "./decide.ts";
import { Hypothetical, questionOf } from "./hypothetical.ts";
import type { PolicyFile, PolicySet } from "./policy-set.ts";

/** A test of policies: a question, and what must come of it. What isn't named isn't tested; `allowed` always is. */
export const PolicyTest = z.strictObject({
  name: z.string().min(1),
  ask: Hypothetical,
  expect: z.strictObject({
    allowed: z.boolean(),
    /** Exactly these policies decide. */
    policies: z.array(z.string()).optional(),
    /** Exactly these obligations come with it, as in the annotation: `mask`, `approval:approver`. */
    obligations: z.array(z.string()).optional(),
  }),
});

/** A file of tests, `*.test.json` beside the policies. */
export const PolicyTestFile = z.strictObject({ tests: z.array(PolicyTest).min(1) });

/** How one test came out: `got` says what was decided, for whoever has to find out why. */
export const PolicyTestResult = z.object({
  file: z.string(),
  name: z.string(),
  passed: z.boolean(),
  wrong: z.array(z.string()),
  got: z.object({
    allowed: z.boolean(),
    policies: z.array(z.string()),
    obligations: z.array(z.string()),
    why: z.string(),
  }),
});
export type PolicyTestResult = z.infer<typeof PolicyTestResult>;

/** A Monday noon: tests that name no moment mean the same on every day. */
const ordinaryMoment = "2026-01-05T12:00:00.000Z";
const ordinaryPlace = "local";

/** The tests of a file; `invalid_input` with the file and the place for one that can't be read. */
export function readTests({ name, text }: PolicyFile): z.infer<typeof PolicyTest>[] {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw fault("invalid_input", `policy tests ${name}: not JSON; mend the file`, { file: name });
  }
  const parsed = PolicyTestFile.safeParse(raw);
  if (parsed.success) return parsed.data.tests;
  const [issue] = parsed.error.issues;
  const where = issue!.path.join(".") || "the file";
  throw fault("invalid_input", `policy tests ${name}: ${where}: ${issue!.message}`, { file: name });
}

const same = (left: readonly string[], right: readonly string[]): boolean =>
  JSON.stringify(left.toSorted()) === JSON.stringify(right.toSorted());
const list = (names: readonly string[]): string => (names.length > 0 ? names.toSorted().join(", ") : "none");

/** Runs the tests of files against a set of policies. */
export function runPolicyTests(policies: PolicySet, files: readonly PolicyFile[]): PolicyTestResult[] {
  return files.flatMap((file) =>
    readTests(file).map(({ name, ask, expect }) => {
      const decision = decide(policies, questionOf(ask, { environment: ordinaryPlace, at: ordinaryMoment }));
      const obligations = [
        ...new Set(decision.obligations.map(({ kind, detail }) => (detail === null ? kind : `${kind}:${detail}`))),
      ];
      const { allowed, policies: deciding, why } = decision;
      const wrong = [
        ...(allowed === expect.allowed ? [] : [`${allowed ? "allowed" : "refused"}: ${why}`]),
        ...(!expect.policies || same(deciding, expect.policies)
          ? []
          : [`decided by ${list(deciding)}, not by ${list(expect.policies)}`]),
        ...(!expect.obligations || same(obligations, expect.obligations)
          ? []
          : [`obligations ${list(obligations)}, not ${list(expect.obligations)}`]),
      ];
      const got = { allowed, policies: deciding, obligations, why };
      return { file: file.name, name, passed: wrong.length === 0, wrong, got };
    }),
  );
}
