import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { MlDeps } from "../index.ts";

export const createExperiment = tool({
  name: "create_experiment",
  does: "Opens an experiment: a name under which runs are kept together.",
  effect: "write",
  input: z.object({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,62}$/)
      .optional(),
  }),
  output: z.object({ experiment: z.string(), name: z.string(), verdict: z.string() }),
  cost: { ms: 10 },
  run: async ({ name: asked }, { store, id, request, person, now, commit }: Context & MlDeps) => {
    const experiment = id("exp");
    const name = asked ?? experiment.toLowerCase();
    if (await store.experiment(name))
      throw fault("conflict", `there is an experiment ${name} already; train with that name, or choose another`);
    commit((trx) => store.insertExperiment(trx, { id: experiment, name, request, person, at: now().toISOString() }));
    return { experiment, name, verdict: `experiment ${name} is open` };
  },
});
