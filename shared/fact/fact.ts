import type { z } from "zod";

/**
 * What a fact is.
 * `finding`: may be reused while `about` is equal and it hasn't expired. `effect`: likewise, until revoked.
 * `permission`: holds for the one request it was given in.
 */
export type FactKind = "finding" | "effect" | "permission";

/** The type of a fact: one row of the table that every process shares. */
export type FactType<V extends z.ZodType = z.ZodType> = {
  kind: FactKind;
  /** The one process family that may give it: an agent, or the doors. */
  by: string;
  /**
   * Everything a receipt of it depends on. `@role` stands for the role's own name
   * (`training`, `holdout`, `scoring`; `roll_back` …), so that two receipts of one kind can be shown side by side.
   */
  about: readonly string[];
  value: V;
  /** Life of a receipt in milliseconds; null: no expiry. */
  ttlMs: number | null;
  /** A permission that is used up by the step that needs it. */
  consumed: boolean;
  /** For a list-valued fact: its members, each of which gets its own steps. */
  members: ((value: z.infer<V>) => string[]) | null;
};

/** Declares a fact. */
export function fact<V extends z.ZodType>(
  kind: FactKind,
  by: string,
  about: readonly string[],
  value: V,
  more: { ttlMs?: number; consumed?: boolean; members?: (value: z.infer<V>) => string[] } = {},
): FactType<V> {
  return Object.freeze({
    kind,
    by,
    about,
    value,
    ttlMs: more.ttlMs ?? null,
    consumed: more.consumed ?? false,
    members: more.members ?? null,
  });
}
