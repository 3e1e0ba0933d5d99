import { mkdtemp, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { forgetDataSubject, forgetOlder, keepDataSubject, readDataSubject, withoutValues } from "./data-subject.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "muster-subject-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

it("calls a person the same however the value is written, and another person otherwise", async () => {
  const ids = await Promise.all(["Ann@Example.com", " ann@example.com "].map((value) => keepDataSubject(home, value)));
  expect(new Set(ids).size).toBe(1);
  expect(await keepDataSubject(home, "bob@example.com")).not.toBe(ids[0]);
  expect(await keepDataSubject(home, ids[0]!)).toBe(ids[0]);
  expect(await readDataSubject(home, ids[0]!)).toBe("ann@example.com");
  expect((await stat(join(home, "private", ids[0]!))).mode & 0o777).toBe(0o600);
  expect((await stat(join(home, "private"))).mode & 0o777).toBe(0o700);
});

it("calls them differently elsewhere: who has the hash but not the key can't try addresses", async () => {
  const other = await mkdtemp(join(tmpdir(), "muster-subject-"));
  expect(await keepDataSubject(other, "ann@example.com")).not.toBe(await keepDataSubject(home, "ann@example.com"));
  await rm(other, { recursive: true, force: true });
});

it("forgets, and says what to do then", async () => {
  const id = await keepDataSubject(home, "ann@example.com");
  await forgetDataSubject(home, id);
  expect(await readdir(join(home, "private"))).toEqual(["key"]);
  expect((await readFile(join(home, "private", "key"))).length).toBe(32);
  await expect(readDataSubject(home, id)).rejects.toMatchObject({ code: "not_found" });
});

it("takes the values out of an input by its schema, and nothing else", async () => {
  const schema = { properties: { person: { type: "string", muster: "person" }, dataset: { muster: "dataset" } } };
  const named = await withoutValues(home, schema, { person: "ann@example.com", dataset: "people" });
  expect(named).toEqual({ person: expect.stringMatching(/^psn_[0-9a-f]{40}$/), dataset: "people" });
  expect(await withoutValues(home, schema, { dataset: "people" })).toEqual({ dataset: "people" });
  await expect(withoutValues(home, schema, { person: ["ann@example.com"] })).rejects.toMatchObject({
    code: "invalid_input",
  });
  await expect(withoutValues(home, schema, { person: "  " })).rejects.toMatchObject({ code: "invalid_input" });
});

it("forgets who was only looked for, in time, and never whom somebody still works on", async () => {
  const [old, wanted, young] = await Promise.all(["a", "b", "c"].map((value) => keepDataSubject(home, value)));
  const then = new Date("2026-01-01T00:00:00Z");
  for (const id of [old!, wanted!]) await utimes(join(home, "private", id), then, then);
  expect(await forgetOlder(home, new Date("2026-02-01T00:00:00Z"), new Set([wanted!]))).toBe(1);
  expect((await readdir(join(home, "private"))).sort()).toEqual(["key", wanted, young].sort());
});
