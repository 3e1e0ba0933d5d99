import { type Command, readArgs, usageFault } from "../command.ts";
import { gateway } from "../swarm.ts";
import { table } from "../table.ts";

type Event = { at: string; what: string; by: string; person: string | null; request: string | null };

export const audit: Command = {
  name: "audit",
  usage: "audit show [REQUEST] | verify | why REQUEST | live-at TIME",
  does: "shows and verifies the record: what happened, why, what was live when",
  async run(args) {
    const { positionals } = readArgs(this, args, {}, { min: 1, max: 2 });
    const [what, of] = positionals;
    const to = gateway();
    const bare = async (tool: string, input: object) =>
      (await to.post<{ output: Record<string, unknown> }>(`/v1/tools/governance/${tool}?bare=1`, input)).output;
    switch (what) {
      case "show": {
        const document = await to.get<{ events: Event[] }>(
          `/v1/audit${of ? `?request=${encodeURIComponent(of)}` : ""}`,
        );
        return {
          document,
          words: table(
            ["at", "what", "by", "person", "request"],
            document.events.map((one) => [one.at, one.what, one.by, one.person, one.request]),
          ),
        };
      }
      case "verify": {
        const document = await bare("verify_audit", {});
        return { document, words: String(document.verdict ?? JSON.stringify(document)), exit: document.ok ? 0 : 1 };
      }
      case "why":
        if (!of) throw usageFault(this, "why wants a request");
        return explained(await bare("explain_decision", { request: of }));
      case "live-at":
        if (!of) throw usageFault(this, "live-at wants a time, such as 2026-05-03T12:00:00Z");
        if (Number.isNaN(Date.parse(of))) throw usageFault(this, `${of} is not a time`);
        return explained(await bare("what_was_live", { at: new Date(of).toISOString() }));
      default:
        throw usageFault(this, `what is audit ${what}?`);
    }
  },
};

const explained = (document: unknown) => ({ document, words: JSON.stringify(document, null, 2) });
