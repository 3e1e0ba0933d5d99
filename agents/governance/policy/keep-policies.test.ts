import { mkdtemp, readdir, rename, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keepPolicies, type PolicyNews } from "./keep-policies.ts";
import { type PolicyFiles, policiesOf } from "./load-policies.ts";
import type { PolicySet } from "./policy-set.ts";

const forbid = (id: string) =>
  `@id("${id}") @why("not on weekends") forbid (principal, action == Action::"deploy", resource) when { ["saturday", "sunday"].contains(context.weekday) };`;

let folder: string;
let kept: { set: PolicySet; files: PolicyFiles }[];
let news: PolicyNews[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "policies-"));
  kept = [];
  news = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = () =>
  keepPolicies({
    folder,
    now: () => new Date("2026-06-30T00:00:00Z"),
    last: async () => kept.at(-1)?.files.theirs ?? null,
    keep: async (set, files) => void kept.push({ set, files }),
    tell: async (one) => void news.push(one),
  });
const write = (name: string, text: string) => writeFile(join(folder, name), text);
const idsOf = (set: PolicySet) => [...set.notes.keys()];

test("takes what is added, changed and taken away with the next question, and tells each once", async () => {
  const keeper = await open();
  const alone = await keeper.current();
  expect(news).toEqual([]);
  await write("ours.cedar", forbid("weekend"));
  const both = await keeper.current();
  expect(idsOf(both)).toEqual([...idsOf(alone), "weekend"]);
  expect(await keeper.current()).toBe(both);
  await write("ours.cedar", forbid("weekends"));
  expect(idsOf(await keeper.current())).toContain("weekends");
  await unlink(join(folder, "ours.cedar"));
  expect((await keeper.current()).hash).toBe(alone.hash);
  expect(news.map(({ what }) => what)).toEqual(["policies_changed", "policies_changed", "policies_changed"]);
  expect(news[0]).toMatchObject({ hash: both.hash, files: ["ours.cedar"] });
  expect(kept.map(({ set }) => set.hash)).toEqual([alone.hash, both.hash, news[1]!.hash, alone.hash]);
});

test.each<[string, string]>([
  ["what can't be parsed", "forbid (principal"],
  ["a misspelt attribute", forbid("weekend").replace("weekday", "wekday")],
  ["an obligation that nobody keeps", `@obligation("mask") ${forbid("weekend")}`],
  ["an id that is taken", forbid("analytics.deploy")],
])("keeps the set before on %s, says so once, and goes on when it is mended", async (_, text) => {
  await write("ours.cedar", forbid("weekend"));
  const keeper = await open();
  const before = await keeper.current();
  await write("ours.cedar", text);
  await write("more.cedar", forbid("another"));
  expect(await keeper.current()).toBe(before);
  expect(await keeper.current()).toBe(before);
  expect(keeper.refused()).toMatchObject({ message: expect.stringContaining("ours.cedar"), since: expect.any(String) });
  expect(news).toEqual([expect.objectContaining({ what: "policies_refused", hash: before.hash })]);
  await write("ours.cedar", forbid("weekend"));
  expect(idsOf(await keeper.current())).toEqual(expect.arrayContaining(["weekend", "another"]));
  expect(keeper.refused()).toBeNull();
});

test("a folder that is gone takes no policy with it; an empty one does", async () => {
  await write("ours.cedar", forbid("weekend"));
  const keeper = await open();
  const before = await keeper.current();
  await rename(folder, `${folder}.away`);
  expect(await keeper.current()).toBe(before);
  expect(keeper.refused()?.message).toMatch(/folder of the team's policies is gone/);
  await rename(`${folder}.away`, folder);
  expect((await keeper.current()).hash).toBe(before.hash);
  expect(keeper.refused()).toBeNull();
  await unlink(join(folder, (await readdir(folder))[0]!));
  expect(idsOf(await keeper.current())).not.toContain("weekend");
});

test("a restart on a broken file goes on with the team's policies before; with none before there is no start", async () => {
  await write("ours.cedar", forbid("weekend"));
  await open();
  await write("ours.cedar", "forbid (principal");
  const keeper = await open();
  expect(idsOf(await keeper.current())).toContain("weekend");
  expect(keeper.refused()).toMatchObject({ file: "ours.cedar" });
  expect(news).toEqual([expect.objectContaining({ what: "policies_refused", file: "ours.cedar" })]);
  expect(policiesOf(kept.at(-1)!.files).hash).toBe((await keeper.current()).hash);
  kept = [];
  await expect(open()).rejects.toMatchObject({ code: "invalid_input" });
});
