import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../support/command-line.ts";
import type { TestSwarm } from "../support/swarm.ts";

/** What an exported notebook came to: figures that it reproduced, and whether it noticed a changed prediction. */
export type NotebookCase = { run: string; reproduced: number; worst: number; noticed: boolean };

/**
 * Exports the newest run by the command line, installs what its notebook pins into an environment of its own, executes the
 * notebook, then once more over predictions of which one was changed: that it must not get through.
 */
export async function executeNotebook(it: TestSwarm, folder: string): Promise<NotebookCase> {
  const { body } = await it.owner.http<{ runs: { run: string }[] }>("GET", "/v1/runs?status=finished&max_results=1");
  const { run } = body.runs[0]!;
  const exported = join(folder, "exported");
  await commandLine(it, ["export", run, exported]);
  const python = join(folder, "notebook");
  execFileSync("python3", ["-m", "venv", python]);
  const bin = (name: string) => join(python, "bin", name);
  execFileSync(bin("pip"), ["install", "--quiet", "-r", join(exported, "requirements.txt")]);
  const settings = join(folder, "jupyter");
  mkdirSync(settings);
  const execute = (output: string): string | null => {
    const args = ["nbconvert", "--to", "notebook", "--execute", "reproduce.ipynb", "--output", output];
    try {
      execFileSync("env", [`IPYTHONDIR=${settings}`, bin("jupyter"), ...args], { cwd: exported, stdio: "pipe" });
    } catch {
      return null;
    }
    return existsSync(join(exported, output)) ? readFileSync(join(exported, output), "utf8") : null;
  };
  const told = /(\d+) figures reproduced, the largest difference is ([\d.e+-]+)/.exec(execute("done.ipynb") ?? "");
  if (!told) throw new Error("the exported notebook didn't reproduce the figures");
  const change = `import pandas as pd
frame = pd.read_parquet("holdout_predictions.parquet")
frame.loc[0, "probability_1"] = 1 - frame.loc[0, "probability_1"]
frame.to_parquet("holdout_predictions.parquet")`;
  writeFileSync(join(exported, "change.py"), change);
  execFileSync(bin("python"), ["change.py"], { cwd: exported });
  return { run, reproduced: Number(told[1]), worst: Number(told[2]), noticed: execute("changed.ipynb") === null };
}
