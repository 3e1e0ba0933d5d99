import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";
import { planGarbage as plan } from "../retention/collect.ts";
import { GarbageTold, tellGarbage } from "../retention/tell-garbage.ts";

export const planGarbage = tool({
  name: "plan_garbage",
  does: "Says what collect_garbage would remove now and how many bytes that is; touches nothing. A schedule can call it: removing wants a person's yes each time.",
  effect: "read",
  long: true,
  input: z.object({}),
  output: GarbageTold,
  cost: { ms: 3000 },
  run: async (_, { store, evidence, lake, now }: Context & GovernanceDeps) =>
    tellGarbage(await plan({ store, evidence, lake, now: now() }), false),
});
