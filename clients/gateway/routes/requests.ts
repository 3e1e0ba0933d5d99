import { call } from "@muster/bus/call.ts";
import { onEvent } from "@muster/bus/event.ts";
import { Autonomy } from "@muster/shared/domain/receipt.ts";
import { Ask, type RequestView } from "@muster/shared/domain/request.ts";
import { fault } from "@muster/shared/fault.ts";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { begin, show } from "../ask.ts";
import { parse } from "../parse.ts";
import { type Doorway, visitorOf } from "../server.ts";

/** The body of `POST /v1/requests`. */
export const NewRequest = z.strictObject({
  text: z.string().min(1).max(4000),
  purpose: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,62}$/)
    .optional(),
  budgetUsd: z.number().nonnegative().max(1e6).optional(),
  autonomy: Autonomy.optional(),
  name: Ask.shape.name,
  conversation: Ask.shape.conversation,
  confirmed: z.boolean().optional(),
});

const terminal = ["succeeded", "failed", "cancelled"];

/** Requests: ask, look, follow, steer. */
export function requestRoutes(app: FastifyInstance, { gate }: Doorway): void {
  app.post("/v1/requests", { config: { does: "Asks for something in plain words." } }, async (request, reply) => {
    const { purpose, budgetUsd, autonomy, ...ask } = parse(NewRequest, request.body);
    const id = await begin(gate, visitorOf(request), ask, { purpose, budgetUsd, autonomy });
    return reply.code(202).header("location", `/v1/requests/${id}`).send({ id });
  });
  app.get("/v1/requests", { config: { does: "Lists requests, newest first." } }, async (request) => {
    const { limit } = request.query as { limit?: string };
    return gate.read("planner.list_requests", limit ? { limit: Number(limit) } : {});
  });
  app.get<{ Params: { id: string } }>("/v1/requests/:id", { config: { does: "Shows a request." } }, async (request) =>
    show(gate, request.params.id),
  );

  app.post<{ Params: { id: string } }>(
    "/v1/requests/:id/cancel",
    { config: { does: "Cancels a request." } },
    async (request) => {
      await gate.act(visitorOf(request), "planner.cancel_request", { id: request.params.id });
      return show(gate, request.params.id);
    },
  );
  app.post<{ Params: { id: string } }>(
    "/v1/requests/:id/answer",
    { config: { does: "Answers what a request asks back." } },
    async (request) => {
      const { text } = parse(z.strictObject({ text: z.string().min(1).max(1000) }), request.body);
      await gate.act(visitorOf(request), "planner.answer_question", { id: request.params.id, text });
      return show(gate, request.params.id);
    },
  );
  for (const [path, decision] of [
    ["approve", "approve"],
    ["reject", "reject"],
  ] as const)
    app.post<{ Params: { id: string } }>(
      `/v1/requests/:id/${path}`,
      { config: { does: `Says ${decision === "approve" ? "yes" : "no"} to what waits for a person.` } },
      async (request) => {
        const body = parse(
          z.strictObject({ approval: z.string().optional(), comment: z.string().max(1000).optional() }),
          request.body ?? {},
        );
        return decide(request.params.id, decision, body, visitorOf(request));
      },
    );

  /** A decision is governance's to record; it needs the asker's standing request and this person's signature over exactly this. */
  async function decide(
    id: string,
    decision: "approve" | "reject",
    body: { approval?: string; comment?: string },
    visitor: ReturnType<typeof visitorOf>,
  ): Promise<RequestView> {
    const view = await show(gate, id);
    if (view.status !== "awaiting_approval" || !view.approval)
      throw fault("conflict", "the request waits for no approval now");
    if (body.approval && body.approval !== view.approval.id)
      throw fault("conflict", "that approval isn't the one that waits now");
    const input = { approval: view.approval.id, decision, ...(body.comment && { comment: body.comment }) };
    const accepted = (await gate.process.evidence.ofRequest(id)).find((receipt) => receipt.fact === "request.accepted");
    const confirmed = await gate.confirm(visitor, id, "governance.decide_approval", input);
    await call(gate.process, {
      tool: "governance.decide_approval",
      input,
      receipts: [...(accepted ? [accepted.id] : []), confirmed],
      request: id,
      key: `${id}:decide:${view.approval.id}:${visitor.person}:${decision}`,
      deadline: Date.now() + 30_000,
    });
    return show(gate, id);
  }

  app.get<{ Params: { id: string } }>(
    "/v1/requests/:id/events",
    { config: { does: "Follows a request: server-sent events, resumable by Last-Event-ID." } },
    async (request, reply) => {
      const { id } = request.params;
      await show(gate, id);
      let after = Number(request.headers["last-event-id"] ?? (request.query as { after?: string }).after ?? 0) || 0;
      reply.hijack();
      const out = reply.raw;
      out.writeHead(200, {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      });
      let wake: () => void = () => undefined;
      let open = true;
      const stop = onEvent(
        gate.process.nats,
        { agent: "planner", name: "request_changed" },
        ({ payload }) => payload.request === id && wake(),
      );
      request.raw.on("close", () => {
        open = false;
        wake();
      });
      try {
        while (open) {
          const woken = new Promise<void>((resolve) => {
            wake = resolve;
            setTimeout(resolve, 5000).unref();
          });
          // Looked at before the events are read: what came after it is among them.
          const ended = terminal.includes((await show(gate, id)).status);
          const { events } = await gate.read<{ events: { seq: number; event: string; data: unknown }[] }>(
            "planner.request_events",
            { id, after },
          );
          for (const one of events) {
            out.write(`id: ${one.seq}\nevent: ${one.event}\ndata: ${JSON.stringify(one.data)}\n\n`);
            after = one.seq;
          }
          if (events.length === 500) continue;
          if (ended) break;
          if (events.length === 0) out.write(": still here\n\n");
          await woken;
        }
      } finally {
        stop();
        out.end();
      }
    },
  );
}
