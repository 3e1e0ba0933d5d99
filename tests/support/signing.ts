import { call } from "@muster/bus/call.ts";
import { newId } from "@muster/bus/evidence.ts";
import type { Reply } from "@muster/bus/message.ts";
import type { Process } from "@muster/bus/process.ts";
import { hashOf } from "@muster/shared/canonical.ts";
import type { Role } from "@muster/shared/domain/receipt.ts";
import type { FactName, FactValue } from "@muster/shared/fact/table.ts";

/** Terms under which a door accepts a request for a test. */
export type Terms = { person?: string; roles?: Role[]; purpose?: string; budgetUsd?: number | null };

/** A receipt signed by a process that may give the fact; gives its id. */
export const sign = async <F extends FactName>(
  by: Process,
  fact: F,
  about: Record<string, unknown>,
  value: FactValue<F>,
  more: { request?: string | null; person?: string | null; uses?: string[]; verdict?: "passed" | "failed" } = {},
): Promise<string> =>
  (
    await by.evidence.give({
      ...{ fact, about, value, verdict: "passed", request: null, person: null, uses: [] },
      ...more,
    })
  ).id;

/** The door's signature that a request was accepted. */
export const accept = (door: Process, request: string, terms: Terms = {}): Promise<string> => {
  const { person = "ada", roles = ["engineer"], purpose = "analytics", budgetUsd = null } = terms;
  return sign(
    door,
    "request.accepted",
    { request, person, purpose },
    { request, person, roles, purpose, budgetUsd, autonomy: "act", textHash: "", schedule: null },
    { request, person },
  );
};

/** The door's signature that a person confirmed exactly this call. */
export const confirm = (
  door: Process,
  request: string,
  tool: string,
  input: Record<string, unknown>,
  { person = "ada", roles = ["admin"] }: { person?: string; roles?: Role[] } = {},
): Promise<string> => {
  const args = hashOf(input);
  return sign(
    door,
    "person.confirmed",
    { person, tool, arguments: args },
    { person, tool, arguments: args, roles },
    { request, person },
  );
};

/** Calls a tool from a door, under a key of its own unless one is given. */
export const askFrom = (
  door: Process,
  c: { tool: string; input?: Record<string, unknown>; receipts?: string[]; request?: string | null; key?: string },
): Promise<Reply> =>
  call(door, {
    ...{ input: {}, request: null, key: newId("k"), deadline: Date.now() + 30_000, patienceMs: 1500 },
    ...c,
  });
