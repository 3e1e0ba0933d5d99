import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { intoInbox } from "@muster/infra/main-job-data.ts";
import { callersFolder } from "@muster/shared/config.ts";
import { inboxFolder, secretsFolder } from "@muster/shared/home.ts";
import type { Connection, SecretReference } from "@muster/shared/warehouse/connection.ts";
import { type Command, type Outcome, readArgs, usageFault } from "../command.ts";
import { connectionFrom } from "../connection-url.ts";
import { gateway } from "../swarm.ts";
import { table } from "../table.ts";

type Called<T> = { output: T; request: string };
type Connected = { source: string; verdict: string; canWrite: boolean };
type Crawled = {
  datasets: { name: string; schema: string; table: string; changed: boolean }[];
  refused: { schema: string; table: string; reason: string }[];
  verdict: string;
};

type Imported = {
  annotated: { dataset: string; texts: number; expectations: number; relationships: number }[];
  verdict: string;
};

/** A dbt project's artifacts: what is said of datasets that are known. */
async function connectDbt(path: string): Promise<Outcome> {
  const manifest = statSync(resolve(callersFolder(), path), { throwIfNoEntry: false })?.isDirectory()
    ? artifact(path, "manifest.json")
    : path;
  const catalog = join(dirname(manifest), "catalog.json");
  const to = gateway();
  const [first, second] = intoInbox(inboxFolder(to.state.home), [
    manifest,
    ...(existsSync(resolve(callersFolder(), catalog)) ? [catalog] : []),
  ]);
  const { output } = await to.post<Called<Imported>>("/v1/tools/catalog/import_dbt", {
    manifest: first!.file,
    ...(second && { catalog: second.file }),
  });
  const rows = output.annotated.map((one) => [one.dataset, one.texts, one.expectations, one.relationships]);
  return {
    document: output,
    words: `${output.verdict}\n\n${table(["dataset", "texts", "expectations", "foreign keys"], rows)}`,
  };
}

/** dbt writes its artifacts into the project's `target`. */
const artifact = (folder: string, name: string): string =>
  [join(folder, "target", name), join(folder, name)].find((path) => existsSync(resolve(callersFolder(), path))) ??
  join(folder, name);

export const connect: Command = {
  name: "connect",
  usage:
    "connect postgres URL [--as NAME] [--schema S]… [--password-env VAR | --password-file F] [--timeout SECONDS] [--scan-limit GB] [--crawl CRON|never] | connect dbt FOLDER|manifest.json",
  does: "connects a warehouse, read-only: its tables become datasets that stay there; or reads what dbt says of datasets",
  async run(args) {
    const { values, positionals } = readArgs(
      this,
      args,
      {
        as: { type: "string" },
        schema: { type: "string", multiple: true },
        "password-env": { type: "string" },
        "password-file": { type: "string" },
        timeout: { type: "string" },
        "scan-limit": { type: "string" },
        crawl: { type: "string", default: nightly },
      },
      { min: 2, max: 2 },
    );
    if (positionals[0] === "dbt") {
      if (Object.keys(values).some((option) => option !== "crawl")) throw usageFault(this, "dbt takes no options");
      return connectDbt(positionals[1]!);
    }
    if (positionals[0] !== "postgres") throw usageFault(this, `no warehouse of kind ${positionals[0]}`);
    if (values["password-env"] && values["password-file"])
      throw usageFault(this, "the password is in one place: --password-env or --password-file");
    const number = (option: "timeout" | "scan-limit") => {
      if (values[option] === undefined) return undefined;
      const value = Number(values[option]);
      if (!(value > 0)) throw usageFault(this, `--${option} wants a number above 0`);
      return value;
    };
    const { connection, password } = connectionFrom(positionals[1]!, { name: values.as, schemas: values.schema ?? [] });
    const [statementSeconds, scanGb] = [number("timeout"), number("scan-limit")];
    const to = gateway();
    const reference = keep(to.state.home, connection.name, values["password-env"], values["password-file"], password);
    const input: Partial<Connection> = {
      ...connection,
      password: reference,
      ...(statementSeconds && { statementSeconds }),
      ...(scanGb && { scanGb }),
    };
    const connected = await to.post<Called<Connected>>("/v1/tools/catalog/connect_source", input);
    const { output } = await to.post<Called<Crawled>>("/v1/tools/catalog/crawl_source", { source: connection.name });
    const schedule =
      values.crawl === "never"
        ? null
        : (
            await to.post<Called<{ nextRun: string; verdict: string }>>("/v1/tools/pipeline/set_schedule", {
              ...{ name: `crawl_${connection.name}`.slice(0, 63), cron: values.crawl, retries: 2 },
              call: { tool: "catalog.crawl_source", input: { source: connection.name } },
            })
          ).output;
    const rows = output.datasets.map((one) => [
      one.name,
      `${one.schema}.${one.table}`,
      one.changed ? "new or changed" : "as before",
    ]);
    return {
      document: { source: connected.output, crawl: output, schedule },
      words: [
        connected.output.verdict,
        output.verdict,
        ...(schedule ? [schedule.verdict] : []),
        "",
        table(["dataset", "table", "rows"], rows),
      ].join("\n"),
    };
  },
};

/** When a connected warehouse is crawled again, unless `--crawl` says otherwise. */
const nightly = "30 1 * * *";

/** Puts a password where only this user reads it, and gives what refers to it: nothing else of it goes anywhere. */
function keep(
  home: string,
  name: string,
  variable: string | undefined,
  file: string | undefined,
  inUrl: string | undefined,
): SecretReference {
  if (variable !== undefined) return { in: "environment", name: variable };
  const path = file === undefined ? undefined : isAbsolute(file) ? file : resolve(callersFolder(), file);
  const password = path === undefined ? inUrl : readFileSync(path, "utf8").replace(/\r?\n$/, "");
  if (password === undefined || password === "") return { in: "nowhere" };
  const folder = secretsFolder(home);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const kept = join(folder, name);
  writeFileSync(kept, `${password}\n`, { mode: 0o600 });
  chmodSync(kept, 0o600);
  return { in: "file", name };
}
