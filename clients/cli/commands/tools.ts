import type { ToolCard } from "@muster/bus/tool.ts";
import { type Command, readArgs } from "../command.ts";
import { gateway } from "../swarm.ts";
import { table } from "../table.ts";

export const tools: Command = {
  name: "tools",
  usage: "tools [AGENT]",
  does: "lists the tools of the agents that answer",
  async run(args) {
    const { positionals } = readArgs(this, args, {}, { min: 0, max: 1 });
    const all = (await gateway().get<{ tools: ToolCard[] }>("/v1/tools")).tools;
    const found = all.filter((one) => !positionals[0] || one.agent === positionals[0]);
    const rows = found.map((one) => [
      `${one.agent}.${one.name}`,
      one.effect + (one.long ? ", long" : ""),
      one.gives.map((give) => give.is).join(", "),
      one.does,
    ]);
    return {
      document: { tools: found },
      words: table(["tool", "effect", "gives", "does"], rows, "no agent of that name answers"),
    };
  },
};
