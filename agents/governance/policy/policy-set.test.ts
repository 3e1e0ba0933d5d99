import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { defaultPolicies, loadPolicies } from "./load-policies.ts";
import { parsePolicies } from "./policy-set.ts";

const schema = { name: "schema", text: await readFile(join(defaultPolicies, "muster.cedarschema"), "utf8") };
const parse = (text: string) => parsePolicies(schema, [{ name: "ours.cedar", text }]);
const good = `@id("a") @why("b") permit (principal, action == Action::"train", resource);`;

it.each<[string, string, string | RegExp]>([
  [
    "names file and line of what cannot be parsed",
    `${good}\n\npermit (principal, action, resource) when {`,
    /ours\.cedar, line 3/,
  ],
  ["refuses a policy without an id", `@why("b") permit (principal, action, resource);`, "needs an @id"],
  ["refuses a policy without a reason", `@id("a") permit (principal, action, resource);`, "needs a @why"],
  [
    "refuses an attribute that no resource has",
    `@id("a") @why("b") permit (principal, action == Action::"train", resource) when { resource.clases.contains("pii") };`,
    /policy a in ours\.cedar/,
  ],
  [
    "refuses an unknown action",
    `@id("a") @why("b") permit (principal, action == Action::"trian", resource);`,
    /policy a/,
  ],
  ["refuses an unknown obligation", `@obligation("burn") ${good}`, "@obligation of a must be one of"],
  ["refuses templates", `@id("a") @why("b") permit (principal == ?principal, action, resource);`, "templates"],
])("%s", (_, text, message) => {
  expect(() => parse(text)).toThrow(message);
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: "invalid_input" }));
});

it("refuses one id in two places", () =>
  expect(() => parse(`${good}\n${good}`)).toThrow(expect.objectContaining({ code: "conflict" })));

it("reads several obligations from one annotation", () =>
  expect(parse(`@obligation("retention:90, approval:approver") ${good}`).notes.get("a")).toMatchObject({
    obligations: [
      { kind: "retention", detail: "90", policy: "a" },
      { kind: "approval", detail: "approver", policy: "a" },
    ],
    effect: "permit",
    actions: ["train"],
  }));

const policy = (effect: string, actions: string, obligation: string) =>
  `@id("a") @why("b") @obligation("${obligation}") ${effect} (principal, action${actions}, resource);`;
const on = (action: string) => ` == Action::"${action}"`;
it.each<[string, string, RegExp]>([
  ["mask for a training", policy("permit", on("train"), "mask"), /nobody enforces mask for train/],
  ["retention for a deployment", policy("permit", on("deploy"), "retention:9"), /nobody enforces retention for deploy/],
  [
    "an approval for single features",
    policy("forbid", on("use_as_feature"), "approval:approver"),
    /nobody enforces approval for use_as_feature/,
  ],
  ["a drop for every action", policy("permit", "", "drop"), /nobody enforces drop for train/],
  [
    "a drop where one of several actions wants none",
    policy("permit", ` in [Action::"read", Action::"deploy"]`, "drop"),
    /nobody enforces drop for deploy/,
  ],
  ["a mask on a forbid", policy("forbid", on("read"), "mask"), /forbids, so nobody would keep its mask/],
  ["an approval by nobody", policy("permit", on("train"), "approval"), /write approval:ROLE/],
  ["an approval by a role that isn't one", policy("permit", on("train"), "approval:king"), /write approval:ROLE/],
  ["groups of one", policy("permit", on("read"), "aggregate:1"), /write aggregate:ROWS/],
  ["a mask of something", policy("permit", on("read"), "mask:email"), /write mask/],
  ["no days", policy("permit", on("train"), "retention:soon"), /write retention:DAYS/],
])("refuses an obligation that nobody would keep: %s", (_, text, message) => {
  expect(() => parse(text)).toThrow(message);
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: "invalid_input" }));
});

it("adds the user's folder to the default, and does without it where it is absent", async () => {
  const folder = await mkdtemp(join(tmpdir(), "policies-"));
  try {
    const alone = await loadPolicies(join(folder, "absent"));
    await writeFile(join(folder, "ours.cedar"), good);
    await writeFile(join(folder, "notes.txt"), "not a policy");
    const both = await loadPolicies(folder);
    expect([...both.notes.keys()]).toEqual([...alone.notes.keys(), "a"]);
    expect(both.hash).not.toBe(alone.hash);
    await writeFile(join(folder, "ours.cedar"), "permit");
    await expect(loadPolicies(folder)).rejects.toMatchObject({ code: "invalid_input" });
  } finally {
    await rm(folder, { recursive: true });
  }
});
