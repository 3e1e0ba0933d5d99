import { canonical } from "@muster/shared/canonical.ts";
import type { FeatureView } from "@muster/shared/domain/feature.ts";

/** What one version of a view has that the one before hadn't, by names of features; `changed`: of one name, made otherwise. */
export type ViewChanges = { added: string[]; removed: string[]; changed: string[] };

/** What changed from a version of a view to the next; of the first everything is added. */
export function viewChanges(
  before: Pick<FeatureView, "features"> | null,
  after: Pick<FeatureView, "features">,
): ViewChanges {
  const old = new Map((before?.features ?? []).map((feature) => [feature.name, canonical(feature)]));
  const made = new Map(after.features.map((feature) => [feature.name, canonical(feature)]));
  return {
    added: [...made.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !made.has(name)),
    changed: [...made].filter(([name, feature]) => old.has(name) && old.get(name) !== feature).map(([name]) => name),
  };
}
