import type { FittedModel, Member } from "./fitted.ts";

/** A model of trees or a linear one, whether it stands alone or within an ensemble. */
export type MemberModel = FittedModel & { estimator: Member["estimator"] };

/**
 * The models whose weighted margins add up to a model's own, each with its part of the design matrix and where that begins:
 * the members of an ensemble, else the model itself with weight 1; none for the baseline. Their own calibration and threshold are the whole's.
 */
export function membersOf(model: FittedModel): { weight: number; first: number; model: MemberModel }[] {
  const { estimator } = model;
  if (estimator.kind === "constant") return [];
  if (estimator.kind !== "ensemble") return [{ weight: 1, first: 0, model: { ...model, estimator } }];
  return estimator.members.map(({ weight, first, count, estimator: own }) => ({
    ...{ weight, first },
    model: { ...model, encoding: model.encoding.slice(first, first + count), estimator: own },
  }));
}
