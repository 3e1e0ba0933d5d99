import { call } from "@muster/bus/call.ts";
import { discover } from "@muster/bus/discover.ts";
import { newId } from "@muster/bus/evidence.ts";
import { withoutValues } from "@muster/shared/data-subject.ts";
import { Fault, type FaultCode, fault, faultCodes } from "@muster/shared/fault.ts";
import type { FastifyInstance } from "fastify";
import { begin, settle } from "../ask.ts";
import { type Doorway, visitorOf } from "../server.ts";

/** Tools as the swarm has them now, and one way to call each: through the planner, with the same gates and audit. */
export function toolRoutes(app: FastifyInstance, { gate }: Doorway): void {
  const cards = async () => (await discover(gate.process.nats)).flatMap((agent) => agent.tools);
  app.get("/v1/tools", { config: { does: "Lists the tools of every agent that answers." } }, async () => ({
    tools: await cards(),
  }));

  app.post<{ Params: { agent: string; tool: string } }>(
    "/v1/tools/:agent/:tool",
    { config: { does: "Calls a tool: through the planner, or bare with ?bare=1." } },
    async (request, reply) => {
      const visitor = visitorOf(request);
      const { agent, tool } = request.params;
      const name = `${agent}.${tool}`;
      const said = (request.body ?? {}) as Record<string, unknown>;
      if (typeof said !== "object" || Array.isArray(said))
        throw fault("invalid_input", "the body is the tool's input, a JSON object");
      const card = (await cards()).find((one) => one.agent === agent && one.name === tool);
      if (!card) throw fault("not_found", `no agent that answers has the tool ${name}; see npx muster tools`);
      const input = await withoutValues(gate.process.config.home, card.input, said);
      const confirmed = card.confirmedBy.length > 0 ? { tool: name, input } : undefined;
      if ((request.query as { bare?: string }).bare === "1") {
        const { request: id, receipt } = await gate.accept(visitor, name);
        const receipts = [receipt, ...(confirmed ? [await gate.confirm(visitor, id, name, input)] : [])];
        const got = await call(gate.process, {
          tool: name,
          input,
          receipts,
          request: id,
          key: `${id}:bare:${newId("k")}`,
          effect: card.effect,
          deadline: Date.now() + 600_000,
        });
        return { output: got.output, request: id };
      }
      const id = await begin(gate, visitor, { text: `call ${name}`, call: { tool: name, input } }, {}, confirmed);
      if (request.headers.prefer === "respond-async") return reply.code(202).send({ request: id });
      const left = new AbortController();
      request.raw.on("close", () => left.abort());
      const view = await settle(gate, id, left.signal);
      if (view.status === "succeeded") return { output: view.answer?.output ?? null, request: id };
      if (view.error) throw new Fault(asCode(view.error.code), view.error.message, { ...view.error.data, request: id });
      return reply
        .code(202)
        .send({ request: id, status: view.status, approval: view.approval, question: view.question });
    },
  );
}

const asCode = (code: string): FaultCode => (code in faultCodes ? (code as FaultCode) : "internal");
