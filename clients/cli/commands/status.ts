import { describeSettings } from "@muster/shared/config.ts";
import { type Command, readArgs } from "../command.ts";
import { gateway, runningSwarm } from "../swarm.ts";
import { table } from "../table.ts";

export const status: Command = {
  name: "status",
  usage: "status [--settings] [--link]",
  does: "shows what runs and where; --settings each setting and its source; --link a new sign-in link",
  async run(args) {
    const { values } = readArgs(
      this,
      args,
      { settings: { type: "boolean" }, link: { type: "boolean" } },
      { min: 0, max: 0 },
    );
    if (values.settings) {
      const settings = describeSettings();
      return {
        document: { settings },
        words: table(
          ["variable", "value", "source", "means"],
          settings.map((one) => [one.env, one.value, one.source, one.does]),
        ),
      };
    }
    if (values.link) {
      const document = await gateway().post<{ url: string }>("/v1/sign-in-links", {});
      return { document, words: document.url };
    }
    const { processes, ports, urls, home } = runningSwarm();
    const words = `${table(
      ["process", "state", "pid", "version"],
      processes.map((one) => [one.name, one.state, one.pid === null ? null : String(one.pid), one.version]),
    )}\n\npage and API  ${urls.gateway}\nmodels        ${urls.serving}\ndata          ${home}`;
    return { document: { processes, ports, urls, home }, words };
  },
};
