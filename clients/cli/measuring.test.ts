import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { evaluate } from "./commands/eval.ts";
import { measuring } from "./measuring.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-measuring-"));
  const run = "run: async () => ({ figures: { right: 0.5 }, cases: [{ case: 1 }] })";
  writeFileSync(join(folder, "coins.ts"), `export const thing = { name: "coins", does: "tosses", ${run} };`);
  const parted = 'parts: ["heads", "tails"], run: async (part) => ({ figures: { part: part ?? "all" }, cases: [] })';
  writeFileSync(join(folder, "sides.ts"), `export const thing = { name: "sides", does: "looks", ${parted} };`);
  writeFileSync(join(folder, "helper.ts"), "export const helps = true;");
  writeFileSync(join(folder, "coins.test.ts"), "throw new Error('a test is no measurement');");
});
afterAll(() => rmSync(folder, { recursive: true }));

const command = () => measuring({ name: "measure", does: "measures", folder, exported: "thing", several: "things" });

test("lists what can be measured: no helper and no test", async () => {
  expect((await command().run([], { json: true })).document).toEqual({
    things: [
      { name: "coins", does: "tosses" },
      { name: "sides", does: "looks" },
    ],
  });
});

test("gives the figures, the cases and the machine", async () => {
  const { document, words } = await command().run(["coins"], { json: true });
  expect(document).toMatchObject({ name: "coins", figures: { right: 0.5 }, cases: [{ case: 1 }] });
  expect((document as { machine: { cores: number } }).machine.cores).toBeGreaterThan(0);
  expect(words).toMatch(/right\s+0\.5/);
});

test("measures a part alone, or all", async () => {
  const of = async (name: string) => (await command().run([name], { json: true })).document;
  expect(await of("sides:tails")).toMatchObject({ name: "sides:tails", figures: { part: "tails" } });
  expect(await of("sides")).toMatchObject({ name: "sides", figures: { part: "all" } });
});

test.each([["sides:edge"], ["coins:heads"], ["sides:"]])("%s is no part of it", async (name) => {
  await expect(command().run([name], { json: true })).rejects.toMatchObject({
    code: "invalid_input",
    message: expect.stringMatching(/has no part/),
  });
});

test.each([["helper"], ["../coins"], ["nothing"]])("%s is wrong usage that names what there is", async (name) => {
  await expect(command().run([name], { json: true })).rejects.toMatchObject({
    code: "invalid_input",
    message: expect.stringContaining("there are coins"),
    data: { usage: "measure [NAME]" },
  });
});

test("the evaluations of the checkout are found", async () => {
  const { evaluations } = (await evaluate.run([], { json: true })).document as { evaluations: { name: string }[] };
  expect(evaluations.every(({ name }) => /^[a-z]+$/.test(name))).toBe(true);
});
