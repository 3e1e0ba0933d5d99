import { canonical } from "@muster/shared/canonical.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import { isRelated, type RelatedFeature } from "@muster/shared/features/kinds.ts";

/** A way from the own row to other rows, with what says when these were known; as features spell it. */
export type Past = Pick<RelatedFeature, "table" | "key" | "localKey" | "via" | "time" | "arrived"> & { order?: string };

/** The way by which a feature reaches other rows. */
export function pastOf(feature: RelatedFeature): Past {
  const { table, key, localKey, via, time, arrived } = feature;
  const order = "order" in feature ? feature.order : undefined;
  return { table, key, localKey, ...(via && { via }), time, arrived, ...(order !== undefined && { order }) };
}

/** The ways that features take, each once. */
export const pastsOf = (features: readonly Feature[]): Past[] => [
  ...new Map(features.filter(isRelated).map((one) => [canonical(pastOf(one)), pastOf(one)])).values(),
];
