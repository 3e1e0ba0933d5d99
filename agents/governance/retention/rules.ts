import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import type { RetentionTable } from "./store.ts";

/** The dataset that a rule is asked about. */
export type Kept = Pick<DatasetManifest, "name" | "kind">;

/** The rules that hold for a dataset: its own, else those of its kind; of policies always. */
export function rulesFor(rules: readonly RetentionTable[], { name, kind }: Kept): RetentionTable[] {
  const about = rules.filter(({ target }) => target === name || target === `kind:${kind}`);
  const own = about.some(({ target, source }) => target === name && source === "person");
  return about.filter(({ target, source }) => source !== "person" || !own || target === name);
}

/** The legal hold over a dataset, by its name or its kind; null without one. */
export const heldBy = (rules: readonly RetentionTable[], { name, kind }: Kept): RetentionTable | null =>
  rules.find(({ target, held }) => held && (target === name || target === `kind:${kind}`)) ?? null;
