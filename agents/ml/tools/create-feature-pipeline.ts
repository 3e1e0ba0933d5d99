import { tool } from "@muster/bus/tool.ts";
import { FeatureView } from "@muster/shared/domain/feature.ts";
import type { Proposal } from "@muster/shared/domain/improvement.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { datasetsRead } from "@muster/shared/features/kinds.ts";
import { z } from "zod";
import { featureView } from "../feature-view.ts";

export const createFeaturePipeline = tool({
  name: "create_feature_pipeline",
  does: "Makes the suggested features, or a proposed challenger's, one feature view with a hash, to be registered and materialized.",
  effect: "read",
  input: z.object({
    /** The hash of a view that improve_model proposed in this request: that one is made. */
    challenger: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  }),
  output: z.object({ view: FeatureView, verdict: z.string() }),
  needs: [
    { is: "request.accepted" },
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned", as: "scope" },
    { is: "features.suggested", as: "suggested" },
    { is: "improvement.proposed", of: "challenger", as: "proposed", optional: true },
  ],
  gives: [{ is: "view.defined", value: ({ view }) => view, about: ({ view }) => ({ view: view.hash }) }],
  cost: { ms: 10 },
  run: async ({ challenger, problem, suggested, proposed }) => {
    const view =
      challenger === undefined ? featureView(problem, suggested.features) : proposedView(challenger, problem, proposed);
    const tables = [...datasetsRead(view)].sort().join(", ");
    return { view, verdict: `${view.name}: ${view.features.length} features over ${tables}` };
  },
});

/** The view that was proposed under a hash, made again from its features: a hash never stands for another view. */
function proposedView(hash: string, problem: Problem, proposed: Proposal | null): FeatureView {
  const { view } = proposed ?? { view: null };
  if (view && featureView(problem, view.features, view.improves).hash === hash) return view;
  throw fault("precondition_failed", "no such challenger was proposed in this request; ask for an improvement", {
    missing: ["improvement.proposed"],
  });
}
