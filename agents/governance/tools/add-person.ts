import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { RoleName } from "@muster/shared/domain/policy.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";
import { PersonId, TokenHash } from "./identify.ts";

export const addPerson = tool({
  name: "add_person",
  does: "Adds a person with roles and the hash of their token.",
  effect: "write",
  input: z.object({ person: PersonId, roles: z.array(RoleName), tokenHash: TokenHash }),
  output: z.object({ person: z.string(), roles: z.array(RoleName), verdict: z.string() }),
  confirmedBy: ["admin"],
  run: async ({ person, roles, tokenHash }, { store, now, commit, audit, confirmer }: Context & GovernanceDeps) => {
    const held = [...new Set(roles)];
    commit(async (trx) => {
      if (!(await store.persons.add(trx, { person, roles: held, tokenHash, at: now().toISOString() })))
        throw fault("conflict", "that name or token is taken; choose another");
    });
    audit("governance.person_added", person, { roles: held, by: confirmer!.person });
    return { person, roles: held, verdict: `${person} is ${held.join(", ") || "without a role"}` };
  },
});
