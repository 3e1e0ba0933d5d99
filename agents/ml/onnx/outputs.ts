import { fault } from "@muster/shared/fault.ts";
import type { FittedModel } from "../fitted.ts";
import type { GraphBuilder, Value } from "./graph.ts";
import { outputNames } from "./inputs.ts";
import { elementTypes } from "./proto.ts";

/** From margins (double [n, k]) to the named outputs: link, calibration, and the label at the recorded threshold. */
export function addOutputs(g: GraphBuilder, model: FittedModel, margin: Value): void {
  const outputs = marginCount(model);
  g.output(margin, { name: outputNames.margin, type: "double", dims: ["n", outputs] });
  if (model.task === "regression") {
    if (model.calibration.kind !== "none") throw fault("invalid_input", "a regression has no calibration");
    g.output(margin, { name: outputNames.value, type: "double", dims: ["n", 1] });
    return;
  }
  const probabilities = model.task === "binary" ? binaryOutputs(g, model, margin) : multiclassOutputs(g, model, margin);
  g.output(g.cast(probabilities, elementTypes.float), {
    name: outputNames.probabilities,
    type: "float",
    dims: ["n", model.classes.length],
  });
}

/** How many margins a row has: one, or one per class. */
export function marginCount(model: FittedModel): number {
  if (model.task === "binary" && model.classes.length !== 2)
    throw fault("invalid_input", "a binary model has two classes");
  if (model.task === "multiclass" && model.classes.length < 2) {
    throw fault("invalid_input", "a multiclass model has at least two classes");
  }
  return model.task === "multiclass" ? model.classes.length : 1;
}

function binaryOutputs(g: GraphBuilder, model: FittedModel, margin: Value): Value {
  const { calibration } = model;
  const scalar = (value: number) => g.constant("double", [1, 1], [value]);
  if (model.threshold === null)
    throw fault("invalid_input", "a binary model records the threshold of its positive class");
  let positive = margin;
  if (calibration.kind === "platt") {
    const scaled = g.node("Mul", [margin, scalar(calibration.slope)]);
    positive = g.node("Sigmoid", [g.node("Add", [scaled, scalar(calibration.intercept)])]);
  } else if (calibration.kind === "temperature") {
    throw fault("invalid_input", "a binary model is calibrated by platt");
  } else if (linkOf(model) === "logistic") positive = g.node("Sigmoid", [margin]);
  const label = g.node("GreaterOrEqual", [positive, scalar(model.threshold)]);
  g.output(g.cast(label, elementTypes.int64), { name: outputNames.label, type: "int64", dims: ["n", 1] });
  return g.sideBySide([g.node("Sub", [scalar(1), positive]), positive]);
}

function multiclassOutputs(g: GraphBuilder, model: FittedModel, margin: Value): Value {
  const { calibration } = model;
  const softmax = (value: Value) => g.node("Softmax", [value], [{ name: "axis", int: 1 }]);
  let probabilities = margin;
  if (calibration.kind === "temperature") {
    probabilities = softmax(g.node("Div", [margin, g.constant("double", [1, 1], [calibration.temperature])]));
  } else if (calibration.kind === "platt") {
    throw fault("invalid_input", "a multiclass model is calibrated by temperature");
  } else if (linkOf(model) === "softmax") probabilities = softmax(margin);
  const label = g.node(
    "ArgMax",
    [probabilities],
    [
      { name: "axis", int: 1 },
      { name: "keepdims", int: 1 },
    ],
  );
  g.output(label, { name: outputNames.label, type: "int64", dims: ["n", 1] });
  return probabilities;
}

/** The baseline's margins are logits or log shares, so its link is the task's own. */
const linkOf = ({ estimator, task }: FittedModel) =>
  estimator.kind === "constant" ? (task === "binary" ? "logistic" : "softmax") : estimator.link;
