import { type Command, readArgs } from "../command.ts";
import { gateway } from "../swarm.ts";
import { cell, table } from "../table.ts";

type Models = {
  models: {
    name: string;
    versions: { version: number; hash: string; aliases: string[]; metrics: Record<string, number> }[];
  }[];
};

const metricsText = (metrics: Record<string, number>) =>
  Object.entries(metrics)
    .map(([key, value]) => `${key} ${cell(value)}`)
    .join("  ");

export const models: Command = {
  name: "models",
  usage: "models",
  does: "lists models with their versions, aliases and hold-out metrics",
  async run(args) {
    readArgs(this, args, {}, { min: 0, max: 0 });
    const document = await gateway().get<Models>("/v1/models");
    const rows = document.models.flatMap((model) =>
      model.versions.map((one) => [
        model.name,
        one.version,
        one.aliases,
        one.hash.slice(0, 12),
        metricsText(one.metrics),
      ]),
    );
    return { document, words: table(["model", "version", "aliases", "hash", "hold-out"], rows) };
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
};

export const runs: Command = {
  name: "runs",
  usage: "runs",
  does: "lists training runs with what they took",
  async run(args) {
    readArgs(this, args, {}, { min: 0, max: 0 });
    const document = await gateway().get<Runs>("/v1/runs");
    const rows = document.runs.map((one) => [
      one.run,
      one.status,
      one.algorithm,
      one.model?.slice(0, 12),
      one.cpuSeconds,
      one.peakMemoryMb,
      one.startedAt,
    ]);
    return { document, words: table(["run", "status", "algorithm", "model", "cpu s", "peak MB", "started"], rows) };
  },
};
