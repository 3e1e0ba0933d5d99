import { call } from "@muster/bus/call.ts";
import { newId } from "@muster/bus/evidence.ts";
import type { Process } from "@muster/bus/process.ts";
import { hashOf, sha256 } from "@muster/shared/canonical.ts";
import type { Autonomy, Role } from "@muster/shared/domain/receipt.ts";
import { Fault } from "@muster/shared/fault.ts";

/** Who is at the door: a person with the roles that governance's rows say, read anew each time. */
export type Visitor = { person: string; roles: Role[] };

/** What a person asks for, beside the words. */
export type Terms = { purpose?: string; budgetUsd?: number; autonomy?: Autonomy };

/** The door's own acts: find out who asks, sign what they ask and confirm, call tools for them. */
export type Gate = ReturnType<typeof openGate>;

/** Opens the gate of the gateway. */
export function openGate(process: Process) {
  const { evidence } = process;

  async function identify(by: { tokenHash: string } | { person: string }): Promise<Visitor | null> {
    try {
      const reply = await call(process, {
        tool: "governance.identify",
        input: by,
        key: newId("who"),
        effect: "read",
        deadline: Date.now() + 5000,
      });
      return reply.output as Visitor;
    } catch (error) {
      if (error instanceof Fault && error.code === "not_found") return null;
      throw error;
    }
  }

  /** Signs that a person's request was accepted here, in their roles, for a purpose, with a budget. */
  async function accept(
    visitor: Visitor,
    text: string,
    terms: Terms = {},
    request = newId("req"),
  ): Promise<{ request: string; receipt: string }> {
    const purpose = terms.purpose ?? process.config.purpose;
    const receipt = await evidence.give({
      fact: "request.accepted",
      about: { request, person: visitor.person, purpose },
      verdict: "passed",
      request,
      person: visitor.person,
      uses: [],
      value: {
        request,
        person: visitor.person,
        roles: visitor.roles,
        purpose,
        budgetUsd: terms.budgetUsd ?? null,
        autonomy: terms.autonomy ?? "act",
        textHash: sha256(text),
        schedule: null,
      },
    });
    return { request, receipt: receipt.id };
  }

  /** Signs that a person confirmed exactly this call. */
  async function confirm(
    visitor: Visitor,
    request: string,
    tool: string,
    input: Record<string, unknown>,
  ): Promise<string> {
    const args = hashOf(input);
    const receipt = await evidence.give({
      fact: "person.confirmed",
      about: { person: visitor.person, tool, arguments: args },
      verdict: "passed",
      request,
      person: visitor.person,
      uses: [],
      value: { person: visitor.person, tool, arguments: args, roles: visitor.roles },
    });
    return receipt.id;
  }

  /** Calls a tool that only reads. */
  async function read<T>(tool: string, input: Record<string, unknown>): Promise<T> {
    const reply = await call(process, {
      tool,
      input,
      key: newId("read"),
      effect: "read",
      deadline: Date.now() + 20_000,
    });
    const output = reply.output as { artifact?: string };
    return (
      output?.artifact ? JSON.parse(Buffer.from(await evidence.artifact(output.artifact)).toString("utf8")) : output
    ) as T;
  }

  /** Calls a tool for a person as a request of its own, straight: what steers other requests (answer, cancel, ask itself). */
  async function act<T>(visitor: Visitor, tool: string, input: Record<string, unknown>): Promise<T> {
    const { request, receipt } = await accept(visitor, `${tool} ${hashOf(input)}`);
    const reply = await call(process, {
      tool,
      input,
      receipts: [receipt],
      request,
      key: `${request}:act`,
      deadline: Date.now() + 55_000,
    });
    return reply.output as T;
  }

  return { process, identify, accept, confirm, read, act };
}
