import { Autonomy } from "@muster/shared/domain/receipt.ts";
import { type Command, readArgs, usageFault } from "../command.ts";
import { follow } from "../follow.ts";
import { requestOutcome } from "../request-outcome.ts";
import { gateway } from "../swarm.ts";

export const ask: Command = {
  name: "ask",
  usage: 'ask "TEXT" [--yes] [--budget USD] [--purpose P] [--autonomy observe|propose|act] [--name MODEL]',
  does: "asks for something in plain words and follows it",
  async run(args, { json }) {
    const options = {
      yes: { type: "boolean" },
      budget: { type: "string" },
      purpose: { type: "string" },
      autonomy: { type: "string" },
      name: { type: "string" },
    } as const;
    const { values, positionals } = readArgs(this, args, options, { min: 1, max: 100 });
    const budgetUsd = values.budget === undefined ? undefined : Number(values.budget);
    if (budgetUsd !== undefined && !(budgetUsd >= 0)) throw usageFault(this, "--budget is an amount in USD");
    if (values.autonomy !== undefined && !Autonomy.safeParse(values.autonomy).success)
      throw usageFault(this, "--autonomy is observe, propose or act");
    const to = gateway();
    const body = {
      text: positionals.join(" "),
      budgetUsd,
      purpose: values.purpose,
      autonomy: values.autonomy,
      name: values.name,
      confirmed: values.yes,
    };
    const { id } = await to.post<{ id: string }>("/v1/requests", body);
    return requestOutcome(await follow(to, id, json));
  },
};
