import type { Problem } from "@muster/shared/domain/problem.ts";

/** The class that counts as the event, as labels spell it: the problem's own, "1" where a rule makes the label; null where there is none. */
export const positiveOf = ({ task, label }: Problem): string | null =>
  task !== "binary" ? null : label.kind === "ended" ? "1" : label.positive;
