import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import { type BoundExpectation, columnsOf, type Rule } from "@muster/shared/domain/expectation.ts";
import type { Definition, QualityStore } from "./store.ts";

/** What two expectations have in common that can't both hold of a dataset: kind and columns. */
export const ruleKey = (rule: Rule): string => `${rule.type}(${columnsOf(rule).join(", ")})`;

/** The newest version of each definition. */
export function newestDefinitions(all: readonly Definition[]): Definition[] {
  const newest = new Map<string, Definition>();
  for (const one of all) if ((newest.get(one.rule)?.version ?? 0) < one.version) newest.set(one.rule, one);
  return [...newest.values()];
}

/**
 * The expectations that bind on a version: the newest that were suggested from another version; what the team's own project
 * declares, at once and beside them, so that it never loosens any; and what people defined, which holds at once and in the
 * place of all others of the same kind for the same columns.
 */
export async function bindingOn(
  store: Pick<QualityStore, "suggested" | "definitions" | "declared">,
  dataset: string,
  pin: DatasetPin,
): Promise<BoundExpectation[]> {
  const suggested = await store.suggested(dataset, pin);
  const definitions = newestDefinitions(await store.definitions(dataset));
  const spoken = new Set(definitions.map(({ rule }) => rule));
  const old = (suggested?.expectations ?? []).filter((one) => !spoken.has(ruleKey(one)));
  const declared = await store.declared.of(dataset);
  return [
    ...old.map((one) => ({
      ...one,
      from: "suggested" as const,
      version: suggested!.version,
      since: suggested!.since,
    })),
    ...declared.flatMap(({ expectations, version, at }) =>
      expectations
        .filter((one) => !spoken.has(ruleKey(one)))
        .map((one) => ({ ...one, from: "declared" as const, version, since: at })),
    ),
    ...definitions
      .filter(({ active }) => active)
      .map(({ expectation, version, at }) => ({ ...expectation, from: "defined" as const, version, since: at })),
  ];
}
