import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";

/**
 * Features that move by construction, whatever the world does: ages at the cutoff, times since an event (the longer the
 * history, the longer ago the last one can be), everything summed since the beginning, parts of the date that rows or
 * cutoffs run along, and where in the calendar a forecast's steps lie.
 */
export const movingFeatures = (features: readonly Feature[], problem: Problem): string[] =>
  features.filter((feature) => moves(feature, problem)).map(({ name }) => name);

function moves(feature: Feature, problem: Problem): boolean {
  switch (feature.kind) {
    case "age_days":
      return feature.at === null;
    case "lookup_age_days":
    case "recency_days":
      return true;
    case "window":
      return feature.days === null;
    case "ahead":
      // The steps and their place in the calendar follow from the origin alone.
      return ["step", "hour", "weekday", "day", "month"].includes(feature.of);
    case "date_part":
      return (
        feature.part === "year" ||
        (feature.column === problem.time && feature.part !== "hour" && feature.part !== "weekday")
      );
    default:
      return false;
  }
}
