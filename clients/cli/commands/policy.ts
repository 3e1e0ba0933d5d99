import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { callersFolder } from "@muster/shared/config.ts";
import { fault } from "@muster/shared/fault.ts";
import { type Command, type Outcome, readArgs, usageFault } from "../command.ts";
import { gateway } from "../swarm.ts";
import { table } from "../table.ts";

type Policy = { id: string; effect: string; actions: string[]; why: string; file: string; obligations: Obligation[] };
type Obligation = { kind: string; detail: string | null };
type Listed = { policies: Policy[]; verdict: string };
type Tested = {
  tests: { file: string; name: string; passed: boolean; wrong: string[] }[];
  failed: number;
  verdict: string;
};

const actions = 7;

export const policy: Command = {
  name: "policy",
  usage: "policy list | test [DIR]",
  does: "lists the policies in force; runs their tests, or those of a folder before it is put in force (*.cedar, *.test.json)",
  async run(args) {
    const { positionals } = readArgs(this, args, {}, { min: 1, max: 2 });
    const [what, folder] = positionals;
    if (what === "list" && folder === undefined) return list();
    if (what === "test") return test(folder);
    throw usageFault(this, `what is policy ${positionals.join(" ")}?`);
  },
};

const ask = async <T>(tool: string, input: object): Promise<T> =>
  (await gateway().post<{ output: T }>(`/v1/tools/governance/${tool}?bare=1`, input)).output;

const said = ({ kind, detail }: Obligation): string => (detail === null ? kind : `${kind}:${detail}`);

async function list(): Promise<Outcome> {
  const document = await ask<Listed>("list_policies", {});
  const rows = document.policies.map((one) => [
    ...[one.id, one.effect, one.actions.length === actions ? "all" : one.actions.join(", ")],
    ...[one.obligations.map(said).join(", "), one.file],
  ]);
  return {
    document,
    words: `${table(["policy", "effect", "actions", "obligations", "file"], rows)}\n${document.verdict}`,
  };
}

async function test(folder: string | undefined): Promise<Outcome> {
  const input = folder === undefined ? {} : { files: await filesOf(resolve(callersFolder(), folder)) };
  const document = await ask<Tested>("test_policies", input);
  const lines = document.tests.map(({ file, name, passed, wrong }) =>
    passed ? `pass  ${file}: ${name}` : `FAIL  ${file}: ${name}\n      ${wrong.join("\n      ")}`,
  );
  return { document, words: [...lines, document.verdict].join("\n"), exit: document.failed === 0 ? 0 : 1 };
}

async function filesOf(folder: string): Promise<{ name: string; text: string }[]> {
  const names = await readdir(folder).catch(() => null);
  if (names === null) throw fault("not_found", `there is no folder ${folder}`);
  const wanted = names.filter((name) => /\.(cedar|test\.json)$/.test(name)).sort();
  if (wanted.length === 0)
    throw fault("not_found", `${folder} holds neither policies (*.cedar) nor tests (*.test.json)`);
  return Promise.all(wanted.map(async (name) => ({ name, text: await readFile(join(folder, name), "utf8") })));
}
