import { execFile } from "node:child_process";
import { join } from "node:path";
import { checkout } from "@muster/infra/processes.ts";
import { inheritedEnvironment } from "@muster/shared/config.ts";
import type { TestSwarm } from "./swarm.ts";

/** Runs a command of `muster` against a swarm with `--json`; gives its document, throws the error that it printed. */
export async function commandLine({ home }: TestSwarm, args: readonly string[]): Promise<Record<string, unknown>> {
  const env = { ...inheritedEnvironment(), MUSTER_HOME: home };
  const command = [join(checkout, "clients/cli/index.ts"), ...args, "--json"];
  const out = await new Promise<string>((done, fail) => {
    execFile(process.execPath, command, { env, maxBuffer: 1 << 26 }, (error, stdout) =>
      stdout === "" && error ? fail(error) : done(stdout),
    );
  });
  const document = JSON.parse(out) as Record<string, unknown>;
  if (document.error) throw document.error;
  return document;
}
