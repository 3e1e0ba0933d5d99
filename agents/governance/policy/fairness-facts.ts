import type { Fairness } from "@muster/shared/domain/fairness.ts";
import type { FairnessFacts } from "./question.ts";

/** A model's fairness as policies test it; a figure that nothing gave is absent. */
export function fairnessFacts(fairness: Fairness): FairnessFacts {
  const { worstRatio, worstTprRatio, worstProxyAuc } = fairness;
  return {
    compared: fairness.attributes.map(({ attribute }) => attribute).sort(),
    uncompared: fairness.uncompared.map(({ attribute }) => attribute).sort(),
    ...(worstRatio !== null && { worstRatio }),
    ...(worstTprRatio !== null && { worstTprRatio }),
    ...(worstProxyAuc !== null && { worstProxyAuc }),
  };
}

/** The four-fifths rule of the US EEOC's guidelines (1978): below it a difference between groups is worth a look. */
const fourFifths = 0.8;

/** Attributes whose outcome rates differ by more than four fifths allow, as a clause of a verdict; nothing without one. */
export function saysFairness({ attributes, uncompared }: Fairness): string {
  const far = attributes.filter(({ ratio }) => ratio !== null && ratio.value < fourFifths);
  const told = far.map(({ attribute, ratio }) => `${attribute} ${ratio!.value.toFixed(2)}`);
  const open = uncompared.map(({ attribute }) => attribute);
  return [
    ...(told.length > 0 ? [`; outcome rates differ by protected attribute (ratio below 0.8): ${told.join(", ")}`] : []),
    ...(open.length > 0 ? [`; not compared: ${open.join(", ")}`] : []),
  ].join("");
}
