import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { RoleName } from "@muster/shared/domain/policy.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";
import { PersonId } from "./identify.ts";

export const setRoles = tool({
  name: "set_roles",
  does: "Sets the roles of a person; none takes away everything, schedules too.",
  effect: "write",
  input: z.object({ person: PersonId, roles: z.array(RoleName) }),
  output: z.object({ person: z.string(), roles: z.array(RoleName), verdict: z.string() }),
  confirmedBy: ["admin"],
  run: async ({ person, roles }, { store, commit, audit, confirmer }: Context & GovernanceDeps) => {
    const held = [...new Set(roles)];
    commit(async (trx) => {
      const came = await store.persons.setRoles(trx, { person, roles: held });
      if (came === "unknown") throw fault("not_found", "nobody has that name; add them with governance.add_person");
      if (came === "last_admin")
        throw fault("conflict", "nobody would be left to give roles; make somebody else an administrator first");
    });
    audit("governance.roles_set", person, { roles: held, by: confirmer!.person });
    return { person, roles: held, verdict: `${person} is ${held.join(", ") || "without a role"}` };
  },
});
