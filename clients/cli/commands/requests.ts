import type { RequestView } from "@muster/shared/domain/request.ts";
import { type Command, readArgs } from "../command.ts";
import { stepLine } from "../follow.ts";
import { requestOutcome } from "../request-outcome.ts";
import { gateway } from "../swarm.ts";
import { table } from "../table.ts";

type Listed = { id: string; text: string; by: string; status: string; startedAt: string };

export const requests: Command = {
  name: "requests",
  usage: "requests [ID]",
  does: "lists requests, or shows one with its plan",
  async run(args) {
    const { positionals } = readArgs(this, args, {}, { min: 0, max: 1 });
    const to = gateway();
    if (positionals[0]) {
      const view = await to.get<RequestView>(`/v1/requests/${positionals[0]}`);
      const { words } = requestOutcome(view);
      return { document: view, words: `${view.text}\n${view.plan.map(stepLine).join("\n")}\n\n${words}` };
    }
    const document = await to.get<{ requests: Listed[] }>("/v1/requests");
    return {
      document,
      words: table(
        ["id", "status", "by", "started", "asked"],
        document.requests.map((one) => [one.id, one.status, one.by, one.startedAt, one.text.slice(0, 60)]),
      ),
    };
  },
};
