import { fault } from "@muster/shared/fault.ts";
import type { FittedModel } from "../fitted.ts";

/**
 * The same model with its classes in another order: outputs change places, and of two classes the margin changes its sign.
 * Where nobody named the classes they are taken to be in this order already. `unfit` where it tells other classes apart.
 */
export function inOrder(fitted: FittedModel, classes: readonly string[]): FittedModel {
  const { task, estimator } = fitted;
  if (task === "regression") return fitted;
  const own = fitted.classes.length > 0 ? fitted.classes : classes;
  const from = classes.map((label) => own.indexOf(label));
  if (own.length !== classes.length || from.includes(-1))
    throw fault(
      "unfit",
      `the model tells ${own.length} classes apart, and the label has ${classes.length} that aren't all among them; name them in signature.classes as the label spells them`,
    );
  const placed = { ...fitted, classes: [...classes] };
  if (from.every((at, i) => at === i)) return placed;
  if (task === "binary")
    return { ...placed, threshold: fitted.threshold && 1 - fitted.threshold, estimator: negated(estimator) };
  const to = own.map((label) => classes.indexOf(label));
  if (estimator.kind === "trees")
    return {
      ...placed,
      estimator: { ...estimator, group: estimator.group.map((k) => to[k]!), base: from.map((k) => estimator.base[k]!) },
    };
  if (estimator.kind === "linear") {
    const { coefficients, intercept } = estimator;
    const moved = { coefficients: from.map((k) => coefficients[k]!), intercept: from.map((k) => intercept[k]!) };
    return { ...placed, estimator: { ...estimator, ...moved } };
  }
  return placed;
}

const minus = (value: number) => -value;

function negated(estimator: FittedModel["estimator"]): FittedModel["estimator"] {
  if (estimator.kind === "trees")
    return {
      ...estimator,
      trees: estimator.trees.map((tree) => ({ ...tree, value: tree.value.map(minus) })),
      base: estimator.base.map(minus),
    };
  if (estimator.kind === "linear")
    return {
      ...estimator,
      coefficients: estimator.coefficients.map((row) => row.map(minus)),
      intercept: estimator.intercept.map(minus),
    };
  return estimator;
}
