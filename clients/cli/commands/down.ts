import { askSupervisor } from "@muster/infra/control.ts";
import { bringDown } from "@muster/infra/join.ts";
import { purge } from "@muster/infra/purge.ts";
import { readState, requireState } from "@muster/infra/state.ts";
import { readConfig } from "@muster/shared/config.ts";
import { type Command, readArgs, usageFault } from "../command.ts";

export const down: Command = {
  name: "down",
  usage: "down [AGENT…] [--purge]",
  does: "stops the swarm, or only the agents named; --purge also removes its data",
  async run(args) {
    const { values, positionals } = readArgs(this, args, { purge: { type: "boolean" } }, { min: 0, max: 50 });
    const { home } = readConfig();
    if (positionals.length > 0) {
      if (values.purge) throw usageFault(this, "--purge is for the whole swarm");
      for (const process of positionals) await askSupervisor(home, { do: "stop_process", process });
      return {
        document: { stopped: positionals },
        words: `stopped ${positionals.join(", ")}; npx muster up ${positionals.join(" ")} starts again`,
      };
    }
    if (!values.purge) requireState(home);
    if (readState(home)) await bringDown(home);
    if (values.purge) await purge(home);
    return {
      document: { stopped: true, purged: values.purge === true },
      words: values.purge ? `stopped; ${home} is removed` : "stopped",
    };
  },
};
