import { hashOf } from "@muster/shared/canonical.ts";
import type { Feature, FeatureView } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";

/** The lake's names end at 63 characters, and a matrix's name adds its role. */
const longest = 50;

/** The feature view of a problem with its hash. `improves`: the view that it is proposed to be better than. */
export function featureView(problem: Problem, features: Feature[], improves?: string): FeatureView {
  const body = {
    name: `${problem.name.slice(0, longest - "_features".length)}_features`,
    problem: problem.hash,
    dataset: problem.dataset,
    entity: problem.entity,
    features,
    ...(improves !== undefined && { improves }),
  };
  return { hash: hashOf(body), ...body };
}
