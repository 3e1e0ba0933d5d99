import { askSupervisor } from "@muster/infra/control.ts";
import { startDetached } from "@muster/infra/detach.ts";
import { printSetup } from "@muster/infra/print-setup.ts";
import { readState } from "@muster/infra/state.ts";
import { bringUp } from "@muster/infra/swarm.ts";
import { onEndRequested, say, showEvent } from "@muster/infra/terminal.ts";
import { readConfig } from "@muster/shared/config.ts";
import { type Command, readArgs } from "../command.ts";
import { status } from "./status.ts";

export const up: Command = {
  name: "up",
  usage: "up [AGENT…] [--detach] [--print-setup]",
  does: "brings the swarm up, or starts agents that were stopped",
  async run(args, { json }) {
    const { values, positionals } = readArgs(
      this,
      args,
      { detach: { type: "boolean" }, "print-setup": { type: "boolean" } },
      { min: 0, max: 50 },
    );
    const config = readConfig();
    if (values["print-setup"]) return printSetup(config);
    if (readState(config.home)) {
      for (const process of positionals) await askSupervisor(config.home, { do: "start_process", process });
      return status.run([], { json });
    }
    if (values.detach) {
      await startDetached(config, positionals);
      return status.run([], { json });
    }
    const abort = new AbortController();
    let stop: (() => Promise<void>) | null = null;
    onEndRequested((code) => {
      abort.abort();
      void stop?.().then(() => process.exit(code));
    });
    const swarm = await bringUp({
      home: config.home,
      config,
      onEvent: showEvent,
      abort: abort.signal,
      ...(positionals.length > 0 && { processes: positionals }),
    });
    stop = swarm.stop;
    say(`page and API ${swarm.urls.gateway}   models ${swarm.urls.serving}   Ctrl-C or npx muster down stops it`);
    await swarm.stopped;
    return { document: { stopped: true }, words: "stopped" };
  },
};
