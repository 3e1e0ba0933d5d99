import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RoleName } from "@muster/shared/domain/policy.ts";
import { describe, expect, it } from "vitest";
import { decide } from "./decide.ts";
import { defaultPolicies, loadPolicies } from "./load-policies.ts";
import { type PolicySet, parsePolicies } from "./policy-set.ts";
import type { ColumnAction, Question, Situation } from "./question.ts";

const standard = await loadPolicies(null);
const schema = { name: "schema", text: await readFile(join(defaultPolicies, "muster.cedarschema"), "utf8") };
const withDefault = async (text: string): Promise<PolicySet> =>
  parsePolicies(schema, [
    { name: "default.cedar", text: await readFile(join(defaultPolicies, "default.cedar"), "utf8") },
    { name: "ours.cedar", text },
  ]);

const situation = (more: Partial<Situation> = {}): Situation => ({
  purpose: "analytics",
  environment: "local",
  approvals: [],
  at: "2026-06-30T00:00:00.000Z",
  ...more,
});
const person = (...roles: RoleName[]) => ({ person: "person_1", roles });
const train = (roles: RoleName[], more: Partial<Situation> = {}, featureClasses: string[] = []): Question => ({
  action: "train",
  principal: person(...roles),
  context: situation(more),
  resource: { type: "Dataset", id: "d", classes: ["email", "pii"], featureClasses },
});
const deploy = (
  roles: RoleName[],
  exploratory = false,
  approvals: RoleName[] = [],
  classes: string[] = [],
): Question => ({
  action: "deploy",
  principal: person(...roles),
  context: { ...situation({ approvals }), fairness: { compared: [], uncompared: [] } },
  resource: { type: "Model", id: "m", classes, exploratory },
});
const column = (action: ColumnAction, classes: string[], roles: RoleName[] = ["analyst"]): Question => ({
  action,
  principal: person(...roles),
  context: situation(),
  resource: { type: "Column", id: "c", classes },
});

describe("the default policy", () => {
  it.each<[string, Question, boolean]>([
    ["an analyst trains", train(["analyst"]), true],
    ["an engineer trains", train(["engineer"]), true],
    ["a viewer does not train", train(["viewer"]), false],
    ["an approver alone does not train", train(["approver"]), false],
    ["nobody without a role trains", train([]), false],
    ["nobody trains with personal data among the features", train(["admin"], {}, ["pii", "quasi"]), false],
    ["a purpose no policy names is denied", train(["admin"], { purpose: "marketing" }), false],
    ["an engineer deploys", deploy(["engineer"]), true],
    ["an analyst does not deploy", deploy(["analyst"]), false],
    ["a model with personal data is not deployed", deploy(["admin"], false, ["approver"], ["pii"]), false],
    ["an exploratory model is not deployed", deploy(["engineer"], true), false],
    ["an exploratory model is deployed after approval", deploy(["engineer"], true, ["approver"]), true],
    ["another role's approval does not help", deploy(["engineer"], true, ["analyst"]), false],
    ["a plain column is a feature", column("use_as_feature", []), true],
    ["a protected column is a feature unless a policy forbids", column("use_as_feature", ["protected"]), true],
    ["a quasi-identifier is none", column("use_as_feature", ["birth_date", "pii", "quasi"]), false],
    ["an id is none", column("use_as_feature", ["key"]), false],
    ["an e-mail address may be a key", column("use_as_key", ["email", "pii", "direct"]), true],
    ["a password may not even be a key", column("use_as_key", ["password", "pii", "direct"]), false],
    ["a plain column is not kept for evaluation", column("use_for_evaluation", []), false],
    ["a protected column is", column("use_for_evaluation", ["protected"]), true],
    ["a direct identifier is no label", column("use_as_label", ["email", "pii", "direct"]), false],
    ["a viewer uses nothing", column("use_as_feature", [], ["viewer"]), false],
  ])("%s", (_, question, allowed) => expect(decide(standard, question).allowed).toBe(allowed));
});

it("names the policy, the facts and the reason", () => {
  const decision = decide(standard, column("use_as_feature", ["direct", "email", "pii"]));
  expect(decision.policies).toEqual(["identifiers.no_feature", "personal_data.no_feature"]);
  expect(decision.facts).toMatchObject({
    purpose: "analytics",
    roles: ["analyst"],
    classes: ["direct", "email", "pii"],
  });
  expect(decision.why).toContain("a direct identifier never becomes a feature");
  expect(decision.obligations).toContainEqual({ kind: "drop", detail: null, policy: "identifiers.no_feature" });
});

it("pseudonymises every key", () =>
  expect(decide(standard, column("use_as_key", ["key"])).obligations).toEqual([
    { kind: "mask", detail: null, policy: "analytics.keys" },
  ]));

it("says whose approval would change a no, and is silent where none would", () => {
  const approval = { kind: "approval", detail: "approver", policy: "exploratory.needs_approval" };
  expect(decide(standard, deploy(["engineer"], true)).obligations).toEqual([approval]);
  expect(decide(standard, deploy(["engineer"], true, [], ["pii"])).obligations).toEqual([]);
});

it("says that no policy permits, naming purpose and roles", () => {
  const decision = decide(standard, train(["analyst"], { purpose: "marketing" }));
  expect(decision).toMatchObject({ allowed: false, policies: [] });
  expect(decision.why).toBe("no policy permits train for purpose marketing to somebody with analyst");
});

it("lets a user's forbid win over the default permit, and a user's permit name another purpose", async () => {
  const ours = await withDefault(`
    @id("ours.freeze") @why("nothing is deployed after the close of the books")
    forbid (principal, action == Action::"deploy", resource) when { context.at >= datetime("2026-06-29") };
    @id("ours.research") @why("research may train")
    permit (principal in Role::"analyst", action == Action::"train", resource)
      when { context.purpose == Purpose::"research" };`);
  expect(decide(ours, deploy(["admin"]))).toMatchObject({ allowed: false, policies: ["ours.freeze"] });
  expect(decide(ours, train(["analyst"], { purpose: "research" })).allowed).toBe(true);
  expect(decide(ours, train(["analyst"], { purpose: "research" }, ["pii"])).allowed).toBe(false);
  expect(decide(standard, deploy(["admin"])).allowed).toBe(true);
});

it("is a no when a policy cannot be evaluated", async () => {
  const ours = await withDefault(`
    @id("ours.overflow") @why("counts too far")
    forbid (principal, action == Action::"deploy", resource)
      when { (if resource.exploratory then 9223372036854775807 else 9223372036854775806) + 1 > 0 && resource.exploratory };`);
  expect(decide(ours, deploy(["engineer"])).allowed).toBe(true);
  const broken = decide(ours, deploy(["engineer"], true, ["approver"]));
  expect(broken).toMatchObject({ allowed: false, policies: ["ours.overflow"], obligations: [] });
});

it("is a no for a question that is none of the schema's, whatever the policies would say", async () => {
  const lax = await withDefault(
    `@id("ours.all") @why("anybody may do anything") permit (principal, action, resource);`,
  );
  const odd = { ...train(["admin"]), action: "deploy" } as unknown as Question;
  expect(decide(lax, train(["viewer"])).allowed).toBe(true);
  expect(decide(lax, odd)).toMatchObject({ allowed: false, policies: [], why: expect.stringContaining("schema") });
});

describe("environment, time, fairness and obligations", () => {
  const ours = (id: string, rest: string, obligation = "") =>
    `@id("${id}") @why("because of ${id}") ${obligation && `@obligation("${obligation}")`} ${rest};`;
  const release = (more: Partial<Extract<Question, { action: "deploy" }>["context"]> = {}): Question => {
    const asked = deploy(["engineer"]) as Extract<Question, { action: "deploy" }>;
    return { ...asked, context: { ...asked.context, ...more } };
  };

  it.each<[string, string, Partial<Extract<Question, { action: "deploy" }>["context"]>, boolean]>([
    [
      "production is forbidden",
      `context.environment == Environment::"production"`,
      { environment: "production" },
      false,
    ],
    ["another environment isn't", `context.environment == Environment::"production"`, { environment: "staging" }, true],
    ["a Saturday is one", `context.weekday == "saturday"`, { at: "2026-07-04T23:59:59.999Z" }, false],
    ["a Sunday isn't a Saturday", `context.weekday == "saturday"`, { at: "2026-07-05T00:00:00.000Z" }, true],
    ["22 h is late", `context.hour >= 22`, { at: "2026-06-30T22:00:00.000Z" }, false],
    ["21:59 h isn't", `context.hour >= 22`, { at: "2026-06-30T21:59:59.999Z" }, true],
    ["a freeze holds from its day", `context.date == "2026-12-24"`, { at: "2026-12-24T00:00:00.000Z" }, false],
    [
      "a ratio below 0.8 is unfair",
      `context.fairness has worst_ratio && context.fairness.worst_ratio.lessThan(decimal("0.8"))`,
      { fairness: { compared: ["d.sex"], uncompared: [], worstRatio: 0.79999 } },
      false,
    ],
    [
      "a ratio of 0.8 isn't",
      `context.fairness has worst_ratio && context.fairness.worst_ratio.lessThan(decimal("0.8"))`,
      { fairness: { compared: ["d.sex"], uncompared: [], worstRatio: 0.8 } },
      true,
    ],
    [
      "an attribute that couldn't be compared can be a reason",
      `!context.fairness.uncompared.isEmpty()`,
      { fairness: { compared: [], uncompared: ["d.sex"] } },
      false,
    ],
    [
      "an absent figure forbids nothing where the policy asks first",
      `context.fairness has worst_ratio && context.fairness.worst_ratio.lessThan(decimal("0.8"))`,
      {},
      true,
    ],
  ])("%s", async (_, when, context, allowed) => {
    const policies = await withDefault(
      ours("ours", `forbid (principal, action == Action::"deploy", resource) when { ${when} }`),
    );
    const decision = decide(policies, release(context));
    expect(decision.allowed).toBe(allowed);
    if (!allowed) expect(decision.policies).toEqual(["ours"]);
    expect(decision.facts).toMatchObject({
      environment: expect.any(String),
      hour: expect.any(Number),
      policySet: policies.hash,
    });
  });

  it("a policy that can't be evaluated is a no, however many permit", async () => {
    const policies = await withDefault(
      ours(
        "blind",
        `forbid (principal, action == Action::"deploy", resource) when { context.fairness has worst_ratio && decimal("922337203685477.0").lessThan(context.fairness.worst_ratio) }`,
      ),
    );
    expect(decide(policies, release()).allowed).toBe(true);
    const overflow = await withDefault(
      ours(
        "overflow",
        `forbid (principal, action == Action::"deploy", resource) when { context.hour + 9223372036854775807 > 0 }`,
      ),
    );
    const decision = decide(overflow, release({ at: "2026-06-30T05:00:00.000Z" }));
    expect(decision).toMatchObject({ allowed: false, policies: ["overflow"] });
  });

  it("a permit under an approval is a no until somebody in that role said yes, other permits or not", async () => {
    const policies = await withDefault(
      ours("four_eyes", `permit (principal, action == Action::"deploy", resource)`, "approval:approver"),
    );
    const waiting = decide(policies, release());
    expect(waiting).toMatchObject({
      allowed: false,
      why: expect.stringContaining("wants a yes from somebody with the role approver"),
      obligations: [{ kind: "approval", detail: "approver", policy: "four_eyes" }],
    });
    expect(decide(policies, release({ approvals: ["engineer"] })).allowed).toBe(false);
    expect(decide(policies, release({ approvals: ["approver"] })).allowed).toBe(true);
  });
});
