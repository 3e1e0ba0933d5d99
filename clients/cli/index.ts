import { asFault, fault } from "@muster/shared/fault.ts";
import type { Command } from "./command.ts";
import { adopt } from "./commands/adopt.ts";
import { ask } from "./commands/ask.ts";
import { audit } from "./commands/audit.ts";
import { bench } from "./commands/bench.ts";
import { call } from "./commands/call.ts";
import { connect } from "./commands/connect.ts";
import { answer, approve, cancel, reject } from "./commands/decide.ts";
import { down } from "./commands/down.ts";
import { evaluate } from "./commands/eval.ts";
import { exportRun } from "./commands/export.ts";
import { models, runs } from "./commands/lists.ts";
import { load } from "./commands/load.ts";
import { policy } from "./commands/policy.ts";
import { predict } from "./commands/predict.ts";
import { requests } from "./commands/requests.ts";
import { status } from "./commands/status.ts";
import { tools } from "./commands/tools.ts";
import { up } from "./commands/up.ts";

/** The commands, in the order of the help. */
export const commands: readonly Command[] = [
  up,
  down,
  status,
  load,
  connect,
  ask,
  requests,
  approve,
  reject,
  cancel,
  answer,
  tools,
  call,
  models,
  runs,
  predict,
  exportRun,
  adopt,
  audit,
  policy,
  bench,
  evaluate,
];

const help = (): string => {
  const width = 30;
  const lines = commands.map(({ usage, does }) =>
    usage.length < width ? `  ${usage.padEnd(width)}${does}` : `  ${usage}\n  ${"".padEnd(width)}${does}`,
  );
  return `muster: from a question to a governed, deployed, monitored model\n\n${lines.join("\n")}\n\nEvery command takes --json: one document on stdout.`;
};

/** Runs the command line: 0 on success, 1 on a failed or waiting request, 2 on wrong usage. */
async function main(argv: string[]): Promise<number> {
  const json = argv.includes("--json");
  const [name, ...args] = argv.filter((arg) => arg !== "--json");
  if (!name || name === "help" || name === "--help") {
    process.stdout.write(`${help()}\n`);
    return name ? 0 : 2;
  }
  try {
    const command = commands.find((one) => one.name === name);
    if (!command) {
      process.stderr.write(`${help()}\n\n`);
      throw asUsage(name);
    }
    if (args.includes("--help")) {
      process.stdout.write(`npx muster ${command.usage}\n${command.does}\n`);
      return 0;
    }
    const { document, words, exit = 0 } = await command.run(args, { json });
    process.stdout.write(
      `${json ? JSON.stringify(document, null, 2) : (words ?? JSON.stringify(document, null, 2))}\n`,
    );
    return exit;
  } catch (error) {
    const known = asFault(error);
    if (json)
      process.stdout.write(
        `${JSON.stringify({ error: { code: known.code, message: known.message, data: known.data } })}\n`,
      );
    else process.stderr.write(`${known.code}: ${known.message}\n`);
    if (known.code === "internal" && known.cause instanceof Error) process.stderr.write(`${known.cause.stack}\n`);
    return "usage" in known.data ? 2 : 1;
  }
}

const asUsage = (name: string) => fault("invalid_input", `there is no command ${name}`, { usage: "help" });

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
