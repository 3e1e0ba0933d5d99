/**
 * Writes the tables of the README that the code says: the tools and the settings, between their markers. Run it after a
 * tool or a setting changed (`npm run docs`); a test fails while they differ.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Agent } from "@muster/bus/agent.ts";
import { cardOf, type Tool } from "@muster/bus/tool.ts";
import { type Setting, settings } from "@muster/shared/config.ts";
import { fault } from "@muster/shared/fault.ts";
import { checkout, findProcesses } from "./processes.ts";

/** The file whose tables are written. */
export const readmeFile = join(checkout, "README.md");

const row = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");

function toolRow(agent: string, tool: Tool): string[] {
  const { name, does, effect, long, needs, gives, confirmedBy } = cardOf(agent, tool);
  const shown = needs.filter(({ optional }) => !optional).map(({ is }) => is);
  const who = confirmedBy.length > 0 ? ` Confirmed by: ${confirmedBy.join(", ")}.` : "";
  return [
    `\`${agent}.${name}\``,
    `${does}${who}`,
    long ? `${effect}, long` : effect,
    shown.join(", "),
    gives.map(({ is }) => is).join(", "),
  ];
}

/** Every tool of every agent with what it needs and gives, an agent after the other in its own order. */
export async function toolsTable(): Promise<string> {
  const specs = findProcesses().filter(({ kind }) => kind === "agent");
  const agents = await Promise.all(
    specs.map(async ({ file, name }) => ((await import(file)) as Record<string, Agent>)[name]!),
  );
  const rows = agents.flatMap(({ name, tools }) => tools.map((tool) => toolRow(name, tool)));
  return table(["tool", "does", "effect", "needs", "gives"], rows);
}

/** Every setting that a person may set; a default that depends on the machine is told as such. */
export function settingsTable(): string {
  const rows = Object.values(settings as Record<string, Setting>)
    .filter(({ by }) => by === "person")
    .map(({ env, does, unit, ...setting }) => {
      const value = typeof setting.default === "function" ? "of the machine" : (setting.default ?? "unset");
      return [`\`${env}\``, `${value}${unit && setting.default !== null ? ` ${unit}` : ""}`, does];
    });
  return table(["variable", "default", "means"], rows);
}

/** A text with what stands between `<!-- name:begin -->` and `<!-- name:end -->` replaced; `not_found` without both. */
export function replaceBetween(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw fault("not_found", `the text has no ${begin} followed by ${end}`);
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`;
}

/** The README as it should be. */
export async function currentReadme(text: string): Promise<string> {
  return replaceBetween(replaceBetween(text, "tools", await toolsTable()), "settings", settingsTable());
}

if (import.meta.main) writeFileSync(readmeFile, await currentReadme(readFileSync(readmeFile, "utf8")));
