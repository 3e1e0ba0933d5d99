import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { RequestView } from "@muster/shared/domain/request.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { PlannerDeps } from "../index.ts";

export const showRequest = tool({
  name: "show_request",
  does: "Shows a request: its plan, verdicts, question, approval, answer.",
  effect: "read",
  input: z.object({ id: z.string() }),
  output: RequestView,
  run: async ({ id }, { store }: Context & PlannerDeps) => {
    const row = await store.get(id);
    if (!row) throw fault("not_found", `no request ${id}; see npx muster requests`);
    return row.view;
  },
});
