/**
 * `npm test`: format and lint, types, unused code, then every test once. Ends with one line `N passed, N failed, N skipped`
 * (each check counts as one); exit 0 only if all passed. With arguments only the tests whose path contains one of them.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { inheritedEnvironment } from "@muster/shared/config.ts";
import { signal } from "./process-identity.ts";
import { checkout } from "./processes.ts";
import { startReaper } from "./reaper.ts";
import { onEndRequested, say } from "./terminal.ts";
import { type Counts, countsOf } from "./test-counts.ts";

const bin = join(checkout, "node_modules", ".bin");
const reaper = startReaper();
let running: number | null = null;
onEndRequested((code) => {
  if (running !== null) signal(-running, "SIGTERM");
  process.exit(code);
});

/** Runs an installed program; gives its exit code. It leads a group of its own, which the reaper ends if we die. */
function run(program: string, args: readonly string[]): Promise<number> {
  const inherited = inheritedEnvironment();
  const env = { ...inherited, PATH: [bin, inherited.PATH].join(delimiter) };
  const child = spawn(join(bin, program), args, {
    cwd: checkout,
    env,
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const { pid } = child;
  if (pid) reaper.watch(pid, "TERM");
  running = pid ?? null;
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      if (pid) reaper.forget(pid);
      running = null;
      resolve(code ?? 1);
    });
  });
}

async function runTests(filters: readonly string[]): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "muster-report-"));
  const report = join(folder, "report.json");
  try {
    const code = await run("vitest", [
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...filters,
    ]);
    return countsOf(readFileSync(report, "utf8"), code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const checks = [
  { name: "format and lint", program: "biome", args: ["check", "."] },
  { name: "types", program: "tsc", args: ["--noEmit"] },
  { name: "unused code", program: "knip", args: [] },
];

const filters = process.argv.slice(2);
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
for (const { name, program, args } of filters.length > 0 ? [] : checks) {
  const passed = (await run(program, args)) === 0;
  total[passed ? "passed" : "failed"] += 1;
  say(`${passed ? "✓" : "✗"} ${name}`);
}
const tests = await runTests(filters);
for (const kind of ["passed", "failed", "skipped"] as const) total[kind] += tests[kind];
reaper.stop();
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`, () => {
  process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
});
