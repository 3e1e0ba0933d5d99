import type { Classification } from "@muster/shared/domain/classification.ts";
import type { Profile } from "@muster/shared/domain/profile.ts";

/** The columns whose values may not stand in an expectation: those tagged as personal, or all texts while nobody has classified them. */
export function guarded(profile: Profile, classification: Classification | null): Set<string> {
  if (classification === null)
    return new Set(profile.columns.filter((column) => column.type === "text").map(({ name }) => name));
  return new Set(classification.columns.filter((column) => column.pii).map(({ name }) => name));
}
