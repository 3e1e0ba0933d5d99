import { type ParseArgsConfig, parseArgs } from "node:util";
import { fault } from "@muster/shared/fault.ts";

/** What a command came to: a document for `--json`, the words for a terminal, and the exit code. */
export type Outcome = { document: unknown; words?: string; exit?: 0 | 1 };

/** A command of the command line. */
export type Command = {
  name: string;
  usage: string;
  does: string;
  run: (args: string[], flags: { json: boolean }) => Promise<Outcome>;
};

/** Makes a usage fault: wrong usage ends with 2. */
export const usageFault = (command: Pick<Command, "name" | "usage">, why: string) =>
  fault("invalid_input", `${why}; usage: npx muster ${command.usage}`, { usage: command.usage });

/** Reads options and words of a command; anything unknown is wrong usage. */
export function readArgs<O extends NonNullable<ParseArgsConfig["options"]>>(
  command: Pick<Command, "name" | "usage">,
  args: string[],
  options: O,
  words: { min: number; max: number },
) {
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    if (positionals.length < words.min) throw usageFault(command, `${command.name} wants more`);
    if (positionals.length > words.max) throw usageFault(command, `what is ${positionals[words.max]}?`);
    return { values, positionals };
  } catch (error) {
    if (error instanceof Error && String((error as { code?: string }).code).startsWith("ERR_PARSE_ARGS"))
      throw usageFault(command, error.message);
    throw error;
  }
}
