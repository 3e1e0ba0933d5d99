import type { RequestView } from "@muster/shared/domain/request.ts";
import { type Command, readArgs } from "../command.ts";
import { follow } from "../follow.ts";
import { requestOutcome } from "../request-outcome.ts";
import { gateway } from "../swarm.ts";

const decide = (verb: "approve" | "reject", does: string): Command => ({
  name: verb,
  usage: `${verb} ID [--comment TEXT]`,
  does,
  async run(args, { json }) {
    const { values, positionals } = readArgs(this, args, { comment: { type: "string" } }, { min: 1, max: 1 });
    const to = gateway();
    const id = positionals[0]!;
    await to.post<RequestView>(`/v1/requests/${id}/${verb}`, { comment: values.comment });
    const view = await follow(to, id, json);
    // A no ends the request as failed: for the person who said it, that is what was wanted.
    return verb === "reject" ? { ...requestOutcome(view), exit: 0 } : requestOutcome(view);
  },
});

export const approve = decide("approve", "says yes to what waits in a request");
export const reject = decide("reject", "says no to what waits in a request");

export const cancel: Command = {
  name: "cancel",
  usage: "cancel ID",
  does: "cancels a request",
  async run(args) {
    const { positionals } = readArgs(this, args, {}, { min: 1, max: 1 });
    const view = await gateway().post<RequestView>(`/v1/requests/${positionals[0]}/cancel`, {});
    return { document: view, words: `${view.id} is ${view.status}` };
  },
};

export const answer: Command = {
  name: "answer",
  usage: 'answer ID "TEXT"',
  does: "answers what a request asks back",
  async run(args, { json }) {
    const { positionals } = readArgs(this, args, {}, { min: 2, max: 100 });
    const [id, ...words] = positionals;
    const to = gateway();
    await to.post<RequestView>(`/v1/requests/${id}/answer`, { text: words.join(" ") });
    return requestOutcome(await follow(to, id!, json));
  },
};
