import { type Command, readArgs } from "../command.ts";
import { gateway } from "../swarm.ts";
import { cell, table } from "../table.ts";

type Models = {
  models: {
    name: string;
    versions: { version: number; hash: string; aliases: string[]; metrics: Record<string, number> }[];
  }[];
  next_page_token: string | null;
};

const paging = { "page-token": { type: "string" }, "max-results": { type: "string" } } as const;

/** The query of a list from a command's options, and the line that says how to go on. */
const queryOf = (values: Record<string, string | undefined>): string => {
  const said = Object.entries(values).flatMap(([key, value]) =>
    value ? [[key.replace("-", "_"), value] as const] : [],
  );
  return said.length > 0 ? `?${new URLSearchParams(Object.fromEntries(said))}` : "";
};
const goOn = (token: string | null) => (token ? `\nmore: --page-token ${token}` : "");

const metricsText = (metrics: Record<string, number>) =>
  Object.entries(metrics)
    .map(([key, value]) => `${key} ${cell(value)}`)
    .join("  ");

export const models: Command = {
  name: "models",
  usage: "models [NAME|URI] [--max-results N] [--page-token T]",
  does: "lists models with their versions, aliases and hold-out metrics",
  async run(args) {
    const { values, positionals } = readArgs(this, args, paging, { min: 0, max: 1 });
    const document = await gateway().get<Models>(`/v1/models${queryOf({ ...values, name: positionals[0] })}`);
    const rows = document.models.flatMap((model) =>
      model.versions.map((one) => [
        model.name,
        one.version,
        one.aliases,
        one.hash.slice(0, 12),
        metricsText(one.metrics),
      ]),
    );
    return {
      document,
      words: `${table(["model", "version", "aliases", "hash", "hold-out"], rows)}${goOn(document.next_page_token)}`,
    };
  },
};

type Runs = {
  runs: {
    run: string;
    status: string;
    algorithm: string | null;
    model: string | null;
    startedAt: string | null;
    cpuSeconds: number | null;
    peakMemoryMb: number | null;
  }[];
  next_page_token: string | null;
};

export const runs: Command = {
  name: "runs",
  usage: "runs [--experiment NAME] [--status STATUS] [--max-results N] [--page-token T]",
  does: "lists runs with what they took, newest first",
  async run(args) {
    const narrowed = { experiment: { type: "string" }, status: { type: "string" } } as const;
    const { values } = readArgs(this, args, { ...paging, ...narrowed }, { min: 0, max: 0 });
    const document = await gateway().get<Runs>(`/v1/runs${queryOf(values)}`);
    const rows = document.runs.map((one) => [
      one.run,
      one.status,
      one.algorithm,
      one.model?.slice(0, 12),
      one.cpuSeconds,
      one.peakMemoryMb,
      one.startedAt,
    ]);
    const heads = ["run", "status", "algorithm", "model", "cpu s", "peak MB", "started"];
    return { document, words: `${table(heads, rows)}${goOn(document.next_page_token)}` };
  },
};
