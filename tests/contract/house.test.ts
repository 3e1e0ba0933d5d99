import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "@muster/infra/processes.ts";
import { describe, expect, test } from "vitest";
import { importFaults } from "../support/house-rules.ts";
import { importsOf, specifiersOf, workspaceOf } from "../support/imports.ts";

/** Files that git tracks or would track, so that a rule holds before the commit too. */
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: checkout,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file && existsSync(join(checkout, file)));
const read = (file: string) => readFileSync(join(checkout, file), "utf8");
const code = files.filter((file) => /\.(ts|mjs|js)$/.test(file));
const manifests = files.filter((file) => file.endsWith("package.json"));
const workspace = workspaceOf(checkout, manifests);

describe("imports", () => {
  test("run one way, and packages have one home", () => {
    expect(code.length).toBeGreaterThan(300);
    // What is planted below is text of this file, not an import of it.
    const own = "tests/contract/house.test.ts";
    const imports = code.filter((file) => file !== own).flatMap((file) => importsOf(file, read(file), workspace));
    expect(imports.length).toBeGreaterThan(1000);
    expect(importFaults(imports)).toEqual([]);
  });

  test("the scan sees every form of an import", () => {
    const source = `import { a } from "a";
import type { B } from 'b';
import "c";
export * from "d";
export {
  e,
  type F,
} from "e";
const g = await import("g");
const h = require("h");
type I = import("i").I;
import def, { type J } from "j/deep.ts";
const text = "imports are not from here"; const nothing = exported.from("k");`;
    expect(specifiersOf(source).sort()).toEqual(["a", "b", "c", "d", "e", "g", "h", "i", "j/deep.ts"]);
  });

  test.each([
    ["shared/a.ts", `import { x } from "@muster/bus/tool.ts";`, /shared may see nobody/],
    ["shared/a/b.ts", `import { x } from "../../infra/x.ts";`, /shared may see nobody/],
    ["bus/a.ts", `export * from "../agents/ml/index.ts";`, /bus may see shared/],
    ["agents/ml/a.ts", `import { x } from "../cost/index.ts";`, /agents\/ml may see bus, shared/],
    ["agents/ml/a.ts", `const x = await import("@muster/quality/index.ts");`, /agents\/ml may see/],
    ["agents/ml/a.ts", `import { x } from "@muster/infra/until.ts";`, /agents\/ml may see/],
    ["clients/gateway/a.ts", `import { x } from "@muster/infra/state.ts";`, /clients\/gateway may see/],
    ["clients/cli/a.ts", `import { x } from "@muster/planner/plan.ts";`, /clients\/cli may see/],
    ["agents/ml/a.ts", `import { connect } from "nats";`, /nats, which is for bus/],
    ["infra/a.ts", `import { Queue } from "bullmq";`, /bullmq, which is for bus/],
    ["agents/ml/tools/a.ts", `import { sql } from "kysely";`, /kysely, which is for a store/],
    [
      "agents/ml/a.ts",
      `import { x } from "@langchain/langgraph/web";`,
      /langchain\/langgraph, which is for agents\/planner/,
    ],
    ["agents/planner/a.ts", `import koffi from "koffi";`, /koffi, which is for agents\/ml/],
  ])("a planted fault in %s is found: %s", (file, source, fault) => {
    const faults = importFaults(importsOf(file, source, workspace));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(fault);
  });

  test.each([
    ["agents/ml/tools/a.ts", `import { x } from "../index.ts"; import { y } from "@muster/bus/tool.ts";`],
    ["agents/cost/ledger/store.ts", `import { sql } from "kysely";`],
    ["clients/cli/a.ts", `import { x } from "@muster/infra/state.ts";`],
    ["tests/a.ts", `import { x } from "@muster/ml/index.ts";`],
    ["shared/a.ts", `import { z } from "zod"; import { join } from "node:path";`],
  ])("what is allowed in %s passes: %s", (file, source) => {
    expect(importFaults(importsOf(file, source, workspace))).toEqual([]);
  });
});

describe("files", () => {
  test("only the settings read the environment", () => {
    const allowed = [
      // Before anything is installed: it runs under any Node and can't import TypeScript.
      "infra/bootstrap.mjs",
      "shared/config.ts",
    ];
    const reading = new RegExp(["process\\??\\.env\\b", "\\benv\\b[^\"';]*from\\s*[\"']node:process"].join("|"));
    expect(`const x = process${"."}env.HOME`).toMatch(reading);
    expect(code.filter((file) => reading.test(read(file))).sort()).toEqual(allowed);
  });

  test("none is longer than 400 lines", () => {
    const long = files
      .filter((file) => /\.(ts|mjs|js|css|html|sql)$/.test(file))
      .map((file) => ({ file, lines: read(file).split("\n").length - 1 }))
      .filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });

  test("no type is escaped from", () => {
    const escapes = new RegExp(["@ts-(?:ignore|nocheck|expect-error)", "eslint-disable", "@type \\{any\\}"].join("|"));
    const own = "tests/contract/house.test.ts";
    expect(code.filter((file) => file !== own && escapes.test(read(file)))).toEqual([]);
    // The one `any` is that of variance: lists of tools and of transactions hold different types.
    const any = new RegExp(`biome-ignore lint/suspicious/noExplicitA${"ny"}`);
    expect(code.filter((file) => file !== own && any.test(read(file))).every((file) => file.startsWith("bus/"))).toBe(
      true,
    );
  });
});

describe("dependencies", () => {
  type Manifest = Record<
    "dependencies" | "devDependencies" | "optionalDependencies",
    Record<string, string> | undefined
  >;
  const declared = manifests.flatMap((file) => {
    const manifest = JSON.parse(read(file)) as Manifest;
    const lists = [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies];
    return lists.flatMap((list) => Object.entries(list ?? {}).map(([name, version]) => ({ file, name, version })));
  });
  const section = /^catalog:\n((?: {2}.*\n|\n)+)/m.exec(read("pnpm-workspace.yaml"))![1]!;
  const catalog = new Map(
    [...section.matchAll(/^ {2}"?([^":\s]+)"?:\s*(\S+)$/gm)].map((match) => [match[1]!, match[2]!]),
  );

  test("have one exact version each, in the catalog", () => {
    expect(catalog.size).toBeGreaterThan(20);
    expect([...catalog].filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
    const elsewhere = declared.filter(({ name, version }) =>
      name.startsWith("@muster/") ? version !== "workspace:*" : version !== "catalog:",
    );
    expect(elsewhere).toEqual([]);
  });

  test("are all used", () => {
    const used = new Set(declared.map(({ name }) => name));
    expect([...catalog.keys()].filter((name) => !used.has(name))).toEqual([]);
  });

  const readme = existsSync(join(checkout, "README.md")) ? read("README.md") : null;
  test.skipIf(readme === null)("each have a line in the README's table", () => {
    const rows = readme!.slice(readme!.indexOf("### Dependencies")).matchAll(/^\|([^|]+)\|[^|]+\|$/gm);
    const listed = new Set(
      [...rows].flatMap((row) => row[1]!.split(",").map((name) => name.trim().replaceAll("`", ""))),
    );
    expect([...catalog.keys()].filter((name) => !listed.has(name))).toEqual([]);
    const unknown = [...listed].filter((name) => !catalog.has(name) && !["package", "---"].includes(name));
    expect(unknown).toEqual([]);
  });
});
