import { Command } from "@langchain/langgraph";
import { cancelRequest } from "@muster/bus/cancel.ts";
import { emitEvent, onEvent } from "@muster/bus/event.ts";
import type { Process } from "@muster/bus/process.ts";
import type { RequestStatus, RequestView } from "@muster/shared/domain/request.ts";
import { asFault, type Fault, fault } from "@muster/shared/fault.ts";
import { repeat } from "@muster/shared/repeat.ts";
import { openCheckpoints } from "./checkpoints.ts";
import { wire } from "./graph.ts";
import { type Desk, nodesOf } from "./nodes.ts";
import { advisoryOwner } from "./owner.ts";
import type { PlannerStore } from "./store.ts";
import { timeFor } from "./time-for.ts";

/** Runs requests: begins them, goes on after a question, an approval or a crash, and cancels them. */
export type Runner = Awaited<ReturnType<typeof openRunner>>;

const terminal: readonly RequestStatus[] = ["succeeded", "failed", "cancelled"];

/** Opens the runner over the planner's store and LangGraph's own checkpoints (PostgreSQL, durability `sync`). */
export async function openRunner(
  process: Process,
  store: PlannerStore,
  { understand, word, own }: Pick<Desk, "understand" | "word" | "own">,
) {
  const saver = await openCheckpoints(process.pool);
  const owner = advisoryOwner(process.pool);
  const active = new Map<string, AbortController>();
  const desk: Desk = {
    process,
    store,
    ...{ understand, word, own },
    signal: (request) => active.get(request)?.signal ?? new AbortController().signal,
    save: async (view, event, data) => {
      if (await store.save(view.id, view, event, data))
        emitEvent(process.nats, "planner", "request_changed", { request: view.id, event });
    },
  };
  const graph = wire(nodesOf(desk), saver);

  /** Takes a request as far as it goes: to its end, or to where it waits for a person. */
  async function drive(request: string, input: unknown): Promise<void> {
    if (active.has(request) || !(await owner.take(request))) return;
    const stop = new AbortController();
    active.set(request, stop);
    const row = await store.get(request);
    const left = row ? Date.parse(row.deadline) - Date.now() : 0;
    const timer = setTimeout(
      () => stop.abort(fault("deadline", "the request's time is over")),
      Math.max(0, Math.min(left, 2 ** 31 - 1)),
    );
    try {
      await graph.invoke(input as never, {
        configurable: { thread_id: request },
        recursionLimit: 200,
        durability: "sync",
      });
    } catch (error) {
      await fail(request, asFault(error));
    } finally {
      clearTimeout(timer);
      active.delete(request);
      await owner.leave(request);
    }
  }

  async function fail(request: string, known: Fault): Promise<void> {
    if (known.code === "internal") process.log.error({ request, err: known.cause }, "a request failed inside");
    const row = await store.get(request);
    if (!row || terminal.includes(row.view.status)) return;
    const view: RequestView = {
      ...row.view,
      status: known.code === "cancelled" ? "cancelled" : "failed",
      question: null,
      approval: null,
      error: { code: known.code, message: known.message, data: known.data },
      finishedAt: process.now().toISOString(),
    };
    await desk.save(view, "status", { status: view.status, error: view.error });
  }

  const background = (work: Promise<void>) =>
    void work.catch((error) => process.log.error({ err: error }, "a request could not be driven"));

  /** A request that waits goes on with what it waited for; its time begins anew, since waiting isn't counted. */
  async function resume(request: string, value: string): Promise<void> {
    // Who answers at once is faster than the graph, which still has to come to its interrupt.
    while (active.has(request)) await new Promise((resolve) => setTimeout(resolve, 20));
    const row = await store.get(request);
    await store.renew(request, new Date(process.now().getTime() + timeFor(row?.ask ?? {}, process.config.deadlineMs)));
    background(drive(request, new Command({ resume: value })));
  }

  const stopHearing = onEvent(process.nats, { agent: "governance", name: "approval_decided" }, ({ payload }) => {
    background(decided(String(payload.request), String(payload.approval), payload.approved === true));
  });

  /** Decisions are read from the outbox too: the event on the bus is a hint, and may have come while nobody heard. */
  const heard = { xid: "0", seq: 0 };
  const stopReading = repeat(
    2_000,
    async () => {
      const rows = await process.evidence.store.outbox(heard, ["governance.approval_decided"]);
      for (const { xid, seq, payload, by } of rows) {
        if (by === "governance")
          await decided(String(payload.request), String(payload.approval), payload.approved === true);
        Object.assign(heard, { xid, seq });
      }
    },
    (error) => process.log.warn({ err: asFault(error).message }, "decisions could not be read; tried again"),
  );

  async function decided(request: string, approval: string, approved: boolean): Promise<void> {
    const row = await store.get(request);
    if (row?.view.status !== "awaiting_approval" || row.view.approval?.id !== approval) return;
    if (!approved) return fail(request, fault("denied", "the approval was refused", { approval }));
    const view: RequestView = { ...row.view, status: "running", approval: null };
    await desk.save(view, "status", { status: view.status });
    background(resume(request, "approved"));
  }

  return {
    begin: (request: string): void => background(drive(request, { request })),
    answer: async (request: string, text: string): Promise<void> => {
      const row = await store.get(request);
      if (!row) throw fault("not_found", `no request ${request}`);
      if (row.view.status !== "awaiting_answer") throw fault("conflict", "the request asks nothing now");
      await desk.save({ ...row.view, status: "planning", question: null }, "status", { status: "planning" });
      background(resume(request, text));
    },
    cancel: async (request: string): Promise<void> => {
      const row = await store.get(request);
      if (!row) throw fault("not_found", `no request ${request}`);
      if (terminal.includes(row.view.status)) throw fault("conflict", `the request has ${row.view.status} already`);
      active.get(request)?.abort(fault("cancelled", "the request was cancelled"));
      await cancelRequest(process, request);
      await fail(request, fault("cancelled", "the request was cancelled"));
    },
    /** After a start: every request that hasn't ended goes on from its last checkpoint; one that waits for a person keeps waiting. */
    recover: async (): Promise<void> => {
      for (const request of await store.open()) {
        const row = await store.get(request);
        if (!row) continue;
        if (row.view.status === "awaiting_answer" || row.view.status === "awaiting_approval") continue;
        const begun = await saver.getTuple({ configurable: { thread_id: request } });
        // Killed between a yes and going on with it: the yes stands in the request, which no longer waits.
        const { next } = await graph.getState({ configurable: { thread_id: request } });
        const yes = next.includes("approve") ? new Command({ resume: "approved" }) : null;
        background(drive(request, begun ? yes : { request }));
      }
    },
    close: async (): Promise<void> => {
      stopHearing();
      await stopReading();
      for (const stop of active.values()) stop.abort(fault("unavailable", "the planner is stopping"));
      await owner.close();
    },
  };
}
