import { type Command, readArgs, usageFault } from "../command.ts";
import { gateway } from "../swarm.ts";

export const call: Command = {
  name: "call",
  usage: "call AGENT.TOOL [JSON] [--bare] [--no-wait]",
  does: "calls one tool: through the planner, which gathers what it needs; --bare goes straight to it",
  async run(args) {
    const { values, positionals } = readArgs(
      this,
      args,
      { bare: { type: "boolean" }, "no-wait": { type: "boolean" } },
      { min: 1, max: 2 },
    );
    const match = /^([a-z-]+)\.([a-z_]+)$/.exec(positionals[0]!);
    if (!match) throw usageFault(this, `${positionals[0]} is not AGENT.TOOL`);
    let input: unknown;
    try {
      input = JSON.parse(positionals[1] ?? "{}");
    } catch {
      throw usageFault(this, "the input is not JSON");
    }
    const to = gateway();
    const path = `/v1/tools/${match[1]}/${match[2]}${values.bare ? "?bare=1" : ""}`;
    const document = await to.post<unknown>(path, input, values["no-wait"] ? { prefer: "respond-async" } : {});
    const waits = typeof document === "object" && document !== null && "status" in document;
    return { document, words: JSON.stringify(document, null, 2), exit: waits ? 1 : 0 };
  },
};
