import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { RoleName } from "@muster/shared/domain/policy.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";

/** SHA-256 (hex) of a bearer token. */
export const TokenHash = z.string().regex(/^[0-9a-f]{64}$/);
/** A person's id. */
export const PersonId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/);

export const identify = tool({
  name: "identify",
  does: "Says who somebody is, and their roles now, by the hash of their token or by their name.",
  effect: "read",
  input: z.object({ tokenHash: TokenHash.optional(), person: PersonId.optional() }),
  output: z.object({ person: z.string(), roles: z.array(RoleName) }),
  cost: { ms: 5 },
  run: async ({ tokenHash, person }, { store }: Context & GovernanceDeps) => {
    if ((tokenHash === undefined) === (person === undefined))
      throw fault("invalid_input", "pass either tokenHash or person");
    const found = tokenHash ? await store.persons.byToken(tokenHash) : await store.persons.byId(person!);
    if (!found) throw fault("not_found", "nobody has this token or name; an administrator adds persons");
    return found;
  },
});
