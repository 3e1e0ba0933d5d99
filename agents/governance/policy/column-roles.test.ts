import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Classification, ClassKind, Identifier } from "@muster/shared/domain/classification.ts";
import { expect, it } from "vitest";
import { type ColumnRolesInput, columnRoles, featureClasses } from "./column-roles.ts";
import { defaultPolicies, loadPolicies } from "./load-policies.ts";
import { parsePolicies } from "./policy-set.ts";

const policies = await loadPolicies(null);
const column = (name: string, kind: ClassKind | null = null, identifier: Identifier | null = null) => ({
  name,
  tags: kind ? [{ kind, by: "name" as const, share: null, checked: 0, confidence: 0.9 }] : [],
  pii: identifier !== null,
  identifier,
  missedShare: 0,
  why: kind ? `its name says ${kind}` : "nothing",
});
const classification: Classification = {
  columns: [
    column("customer_id", "key"),
    column("email", "email", "direct"),
    column("password", "password", "direct"),
    column("birth_date", "birth_date", "quasi"),
    column("gender", "protected"),
    column("order_no", "key"),
    column("tenure"),
    column("fees"),
    column("seen_at"),
    column("churn"),
  ],
};
const input = (more: Partial<ColumnRolesInput> = {}): ColumnRolesInput => ({
  policies,
  principal: { person: "person_1", roles: ["analyst"] },
  context: { purpose: "analytics", environment: "local", approvals: [], at: "2026-06-30T00:00:00.000Z" },
  dataset: "customers",
  classification,
  problem: {
    dataset: "customers",
    entity: "customer_id",
    time: "seen_at",
    label: { kind: "column", column: "churn", positive: "yes" },
    exclusions: ["customers.fees"],
  },
  joinKeys: [],
  times: [],
  ...more,
});
const rolesOf = (given: ColumnRolesInput) =>
  Object.fromEntries(columnRoles(given).map(({ column, role, use }) => [column, use ? `${role}:${use}` : role]));

it("gives every column a role from the policy and the problem", () =>
  expect(rolesOf(input())).toEqual({
    customer_id: "key",
    email: "none",
    password: "none",
    birth_date: "none",
    gender: "feature",
    order_no: "key",
    tenure: "feature",
    fees: "none",
    seen_at: "feature:time",
    churn: "none:label",
  }));

it("takes an id as a key to group by where rows are events in time, and as nothing where they aren't", () => {
  const problem = { ...input().problem, time: null };
  expect(rolesOf(input())).toMatchObject({ order_no: "key", email: "none" });
  expect(rolesOf(input({ problem }))).toMatchObject({ order_no: "none" });
  expect(rolesOf(input({ problem: { ...input().problem, dataset: "orders" } }))).toMatchObject({ order_no: "none" });
  const elsewhere = { ...input().context, purpose: "marketing" };
  expect(rolesOf(input({ context: elsewhere }))).toMatchObject({ order_no: "none" });
});

it("names the policy and the finding, and an exclusion as such", () => {
  const roles = new Map(columnRoles(input()).map((role) => [role.column, role]));
  expect(roles.get("email")).toMatchObject({
    policies: ["identifiers.no_feature", "personal_data.no_feature"],
    reason: expect.stringContaining("its name says email"),
  });
  expect(roles.get("fees")).toMatchObject({ policies: [], reason: "excluded by the person who asked" });
  expect(roles.get("customer_id")!.obligations).toEqual([{ kind: "mask", detail: null, policy: "analytics.keys" }]);
});

it("takes personal data as a pseudonymised key where tables join on it, and never a password", () =>
  expect(rolesOf(input({ joinKeys: ["email", "password"] }))).toMatchObject({ email: "key", password: "none" }));

it("refuses a direct identifier as label", () => {
  const label = { kind: "column" as const, column: "email", positive: null };
  const roles = columnRoles(input({ problem: { ...input().problem, label } }));
  expect(roles.find((role) => role.column === "email")).toMatchObject({ role: "none", use: null });
  expect(roles.some((role) => role.use === "label")).toBe(false);
});

it("keeps the end of an interval for the label alone", () => {
  const label = { kind: "ended" as const, start: "tenure", end: "fees", graceDays: 30 };
  const roles = rolesOf(input({ problem: { ...input().problem, label, exclusions: [] } }));
  expect(roles).toMatchObject({ tenure: "feature:time", fees: "none:label" });
});

it("clears nothing for a purpose that no policy names", () =>
  expect(
    columnRoles(input({ context: { ...input().context, purpose: "marketing" } })).every(({ role }) => role === "none"),
  ).toBe(true));

it("keeps a protected column for evaluation where a policy forbids it as a feature", async () => {
  const files = ["default.cedar"].map(async (name) => ({
    name,
    text: await readFile(join(defaultPolicies, name), "utf8"),
  }));
  const schema = { name: "schema", text: await readFile(join(defaultPolicies, "muster.cedarschema"), "utf8") };
  const ours = {
    name: "ours.cedar",
    text: `@id("ours.fair") @why("protected attributes are not scored by")
      forbid (principal, action == Action::"use_as_feature", resource) when { resource.classes.contains("protected") };`,
  };
  const strict = parsePolicies(schema, [...(await Promise.all(files)), ours]);
  expect(rolesOf(input({ policies: strict }))).toMatchObject({ gender: "evaluate_only", tenure: "feature" });
});

it("sums up the classes of the columns that became features", () =>
  expect(featureClasses(columnRoles(input()), classification)).toEqual(["protected"]));

it("keeps times readable for what was known by then, whatever else they may be, but never a direct identifier", () =>
  expect(
    rolesOf(
      input({
        times: ["fees", "birth_date", "email"],
        problem: { ...input().problem, exclusions: ["fees", "seen_at", "customer_id"] },
      }),
    ),
  ).toMatchObject({
    fees: "none:time",
    seen_at: "none:time",
    birth_date: "none:time",
    email: "none",
    customer_id: "key",
  }));

it("keeps the obligations of a yes: what is to be dropped or masked is no feature, a key may be masked", async () => {
  const schema = { name: "schema", text: await readFile(join(defaultPolicies, "muster.cedarschema"), "utf8") };
  const ours = (obligation: string, action: string) =>
    parsePolicies(schema, [
      {
        name: "ours.cedar",
        text: `@id("all") @why("all may be used") permit (principal, action, resource);
               @id("ours") @why("under a condition") @obligation("${obligation}") permit (principal, action == Action::"${action}", resource);`,
      },
    ]);
  const roleOf = (policies: ReturnType<typeof ours>, name: string) =>
    columnRoles(input({ policies })).find(({ column: one }) => one === name)!;
  for (const obligation of ["drop", "mask"])
    expect(roleOf(ours(obligation, "use_as_feature"), "tenure")).toMatchObject({
      role: "evaluate_only",
      reason: expect.stringContaining(obligation === "drop" ? "to be dropped" : "to be masked"),
    });
  expect(roleOf(ours("mask", "use_as_key"), "customer_id").role).toBe("key");
  expect(roleOf(ours("drop", "use_as_key"), "customer_id").role).toBe("none");
  expect(roleOf(ours("drop", "use_as_label"), "churn")).toMatchObject({ role: "none", use: null });
});

it("says which protected attributes results may be compared by, in groups as large as a policy wants", async () => {
  const compared = (given: ColumnRolesInput) =>
    Object.fromEntries(columnRoles(given).map(({ column: one, compared: rows }) => [one, rows]));
  expect(compared(input())).toMatchObject({ gender: 20, birth_date: null, tenure: null, churn: null });
  const files = await readFile(join(defaultPolicies, "default.cedar"), "utf8");
  const schema = { name: "schema", text: await readFile(join(defaultPolicies, "muster.cedarschema"), "utf8") };
  const larger = `@id("larger") @why("larger groups") @obligation("aggregate:100") permit (principal, action == Action::"use_for_evaluation", resource);`;
  const policies = parsePolicies(schema, [{ name: "ours.cedar", text: `${files}\n${larger}` }]);
  expect(compared(input({ policies }))).toMatchObject({ gender: 100, birth_date: 100, tenure: null });
  const none = `@id("none") @why("no comparing") forbid (principal, action == Action::"use_for_evaluation", resource);`;
  const forbidden = parsePolicies(schema, [{ name: "ours.cedar", text: `${files}\n${none}` }]);
  expect(compared(input({ policies: forbidden })).gender).toBeNull();
});
