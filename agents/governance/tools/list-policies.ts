import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { Obligation } from "@muster/shared/domain/policy.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";

export const listPolicies = tool({
  name: "list_policies",
  does: "Lists the policies in force: what each permits or forbids, why, with which obligations, from which file; and what of the folder is not in force.",
  effect: "read",
  input: z.object({}),
  output: z.object({
    policies: z.array(
      z.object({
        id: z.string(),
        effect: z.enum(["permit", "forbid"]),
        actions: z.array(z.string()),
        why: z.string(),
        obligations: z.array(Obligation),
        file: z.string(),
      }),
    ),
    policySet: z.string(),
    environment: z.string(),
    refused: z.object({ file: z.string().nullable(), message: z.string(), since: z.string() }).nullable(),
    verdict: z.string(),
  }),
  cost: { ms: 10 },
  run: async (_, { policies: keeper, environment }: Context & GovernanceDeps) => {
    const { hash, notes } = await keeper.current();
    const refused = keeper.refused();
    const policies = [...notes.values()];
    const files = new Set(policies.map(({ file }) => file));
    const warning = refused ? `; not in force: ${refused.message}` : "";
    const verdict = `${policies.length} policies from ${files.size} files, environment ${environment}${warning}`;
    return { policies, policySet: hash, environment, refused, verdict };
  },
});
