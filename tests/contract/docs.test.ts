import { existsSync, readFileSync } from "node:fs";
import { currentReadme, readmeFile, replaceBetween, settingsTable, toolsTable } from "@muster/infra/docs.ts";
import { describe, expect, test } from "vitest";

const readme = existsSync(readmeFile) ? readFileSync(readmeFile, "utf8") : "";
const marked = ["tools", "settings"].every((name) => readme.includes(`<!-- ${name}:begin -->`));

describe("what the README says from the code", () => {
  test.skipIf(!marked)("is what the code says now; npm run docs writes it", async () => {
    expect(readme).toBe(await currentReadme(readme));
  });

  test("a tool has a row with what it needs and gives, a setting one with its default; what the supervisor hands on has none", async () => {
    expect(await toolsTable()).toMatch(
      /^\| `quality\.check_dataset` \| .+ \| read \| dataset\.profiled \| quality\.passed \|$/m,
    );
    expect(settingsTable()).toMatch(/^\| `MUSTER_HTTP` \| 127\.0\.0\.1:4280 \| .+ \|$/m);
    expect(settingsTable()).not.toContain("MUSTER_NKEY_SEED");
  });

  test("only what stands between the markers changes, and both must be there", () => {
    const text = "a\n<!-- tools:begin -->\nold\n<!-- tools:end -->\nb";
    expect(replaceBetween(text, "tools", "new")).toBe("a\n<!-- tools:begin -->\nnew\n<!-- tools:end -->\nb");
    expect(() => replaceBetween(text, "settings", "new")).toThrow(/no <!-- settings:begin -->/);
  });
});
