import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Command, readArgs, usageFault } from "./command.ts";
import { machine } from "./machine.ts";
import { table } from "./table.ts";

type Figures = Record<string, number | string | null>;
type Measurable = {
  name: string;
  does: string;
  /** Parts that can be measured alone, as `name:part`. */
  parts?: readonly string[];
  run: (part?: string) => Promise<{ figures: Figures; cases: object[] }>;
};

/** What a measuring command is made of: its name and words, the folder of its measurements, and the name that each exports. */
export type Measuring = {
  name: string;
  does: string;
  folder: string;
  exported: string;
  /** What several are called, in the document that lists them. */
  several: string;
};

/** The files there are, a measurement each. They are found, not imported: the command line works where they aren't installed. */
const filesOf = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
        .map((file) => basename(file, ".ts"))
        .sort()
    : [];

/**
 * Makes the command that runs a measurement (or, as `name:part`, a part of one) by name and shows its figures with the machine they were taken on; without a
 * name it lists what can be measured. A file that exports no measurement is another's helper and isn't listed.
 */
export function measuring({ name: command, does, folder, exported, several }: Measuring): Command {
  const load = async (file: string): Promise<Measurable[]> => {
    const module: Record<string, unknown> = await import(pathToFileURL(join(folder, `${file}.ts`)).href);
    return exported in module ? [module[exported] as Measurable] : [];
  };
  return {
    name: command,
    usage: `${command} [NAME]`,
    does,
    async run(args, { json }) {
      const { positionals } = readArgs(this, args, {}, { min: 0, max: 1 });
      const found = filesOf(folder);
      const [name, part] = positionals[0]?.split(":", 2) ?? [];
      const all = async () =>
        (await Promise.all(found.map(load))).flat().map((one) => ({ name: one.name, does: one.does }));
      if (!name) {
        const rows = await all();
        const words = table(
          [exported, "measures"],
          rows.map((one) => [one.name, one.does]),
        );
        return { document: { [several]: rows }, words };
      }
      const [measurable] = found.includes(name) ? await load(name) : [];
      if (!measurable)
        throw usageFault(
          this,
          `there is no ${exported} ${name}; there are ${(await all()).map((one) => one.name).join(", ")}`,
        );
      if (part !== undefined && !measurable.parts?.includes(part))
        throw usageFault(this, `${name} has no part ${part}; it has ${measurable.parts?.join(", ") ?? "none"}`);
      const on = machine();
      if (!json) process.stderr.write("measuring; this takes from seconds to a few minutes\n");
      const { figures, cases } = await measurable.run(part);
      const words = `${table(["figure", "value"], Object.entries(figures))}\n\n${table(
        ["machine", ""],
        Object.entries(on).map(([key, value]) => [key, String(value)]),
      )}`;
      return { document: { name: positionals[0], figures, cases, machine: on }, words };
    },
  };
}
