import type { citing } from "./cite.ts";
import type { AnswerInput } from "./facts.ts";
import { listed, sentence } from "./say.ts";

/** The four-fifths rule: below it a difference of outcome rates between groups is told. */
const fourFifths = 0.8;

/** Protected attributes whose groups the model treats unlike, and those that could not be compared; nothing where all is even. */
export function unfairness({ facts }: Pick<AnswerInput, "facts">, cite: ReturnType<typeof citing>): string[] {
  const found = facts["model.fairness"];
  if (!found) return [];
  const apart = found.attributes.filter(({ ratio }) => ratio !== null && ratio.value < fourFifths);
  const open = found.uncompared.map(({ attribute }) => attribute);
  const rates =
    "its outcome rates differ by more than the four-fifths rule allows; the figures by group stand in this step";
  return [
    ...(apart.length > 0
      ? [
          sentence(
            `Between groups of ${listed(apart.map(({ attribute }) => attribute))} ${rates}`,
            cite("model.fairness"),
          ),
        ]
      : []),
    ...(open.length > 0 ? [sentence(`Not compared, though protected: ${listed(open)}`, cite("model.fairness"))] : []),
  ];
}
