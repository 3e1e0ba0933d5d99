#!/usr/bin/env node
// Plain JavaScript for Node 20: hands over to the Node 24 of the lockfile, which runs TypeScript.
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
const root = join(here, "..", "..");
const brought = join(root, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const node = existsSync(brought) ? brought : major > 24 || (major === 24 && minor >= 2) ? process.execPath : null;
if (!node) {
  process.stderr.write("muster wants Node 24; run npm start in the checkout once, or install Node 24\n");
  process.exit(1);
}
const child = spawn(node, ["--disable-warning=ExperimentalWarning", join(here, "index.ts"), ...process.argv.slice(2)], {
  stdio: "inherit",
});
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => child.kill(name));
child.on("exit", (code, signal) => process.exit(code ?? (signal ? 130 : 1)));
