import { tool } from "@muster/bus/tool.ts";
import { hashOf } from "@muster/shared/canonical.ts";
import { FeatureView } from "@muster/shared/domain/feature.ts";
import { datasetsRead } from "@muster/shared/features/kinds.ts";
import { z } from "zod";

/** The lake's names end at 63 characters, and a matrix's name adds its role. */
const longest = 50;

export const createFeaturePipeline = tool({
  name: "create_feature_pipeline",
  does: "Makes the suggested features one feature view with a hash, to be registered and materialized.",
  effect: "read",
  input: z.object({}),
  output: z.object({ view: FeatureView, verdict: z.string() }),
  needs: [
    { is: "request.accepted" },
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned", as: "scope" },
    { is: "features.suggested", as: "suggested" },
  ],
  gives: [{ is: "view.defined", value: ({ view }) => view, about: ({ view }) => ({ view: view.hash }) }],
  cost: { ms: 10 },
  run: async ({ problem, suggested }) => {
    const body = {
      name: `${problem.name.slice(0, longest - "_features".length)}_features`,
      problem: problem.hash,
      dataset: problem.dataset,
      entity: problem.entity,
      features: suggested.features,
    };
    const view: FeatureView = { hash: hashOf(body), ...body };
    const tables = [...datasetsRead(view)].sort().join(", ");
    return { view, verdict: `${view.name}: ${view.features.length} features over ${tables}` };
  },
});
