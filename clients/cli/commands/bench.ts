import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { checkout } from "@muster/infra/processes.ts";
import { type Command, readArgs, usageFault } from "../command.ts";
import { machine } from "../machine.ts";
import { table } from "../table.ts";

type Figures = Record<string, number | string | null>;
type Bench = { name: string; does: string; run: () => Promise<{ figures: Figures; cases: object[] }> };

const folder = join(checkout, "tests", "bench");

/** The benches there are: a file each. They are found, not imported: the command line works where they aren't installed. */
const names = (): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
        .map((file) => basename(file, ".ts"))
        .sort()
    : [];

const load = async (name: string): Promise<Bench> =>
  ((await import(pathToFileURL(join(folder, `${name}.ts`)).href)) as { bench: Bench }).bench;

export const bench: Command = {
  name: "bench",
  usage: "bench [NAME]",
  does: "measures this machine's swarm: without a name, lists what can be measured",
  async run(args, { json }) {
    const { positionals } = readArgs(this, args, {}, { min: 0, max: 1 });
    const found = names();
    const [name] = positionals;
    if (!name) {
      const benches = await Promise.all(found.map(load));
      const rows = benches.map((one) => ({ name: one.name, does: one.does }));
      return {
        document: { benches: rows },
        words: table(
          ["bench", "measures"],
          rows.map((one) => [one.name, one.does]),
        ),
      };
    }
    if (!found.includes(name)) throw usageFault(this, `there is no bench ${name}; there are ${found.join(", ")}`);
    const on = machine();
    if (!json) process.stderr.write("measuring; this takes from seconds to a few minutes\n");
    const { figures, cases } = await (await load(name)).run();
    const words = `${table(["figure", "value"], Object.entries(figures))}\n\n${table(
      ["machine", ""],
      Object.entries(on).map(([key, value]) => [key, String(value)]),
    )}`;
    return { document: { name, figures, cases, machine: on }, words };
  },
};
