import { fault } from "@muster/shared/fault.ts";
import type { FittedModel } from "../fitted.ts";
import { membersOf } from "../members.ts";
import { constantMargins as baselineMargins } from "../score.ts";
import { categoryBlocks } from "./categories.ts";
import { constantMargins } from "./constant.ts";
import { type GraphBuilder, graphBuilder, type Value } from "./graph.ts";
import { declareInputs, type GraphInputs } from "./inputs.ts";
import { linearMargins, refuseMissingValues } from "./linear.ts";
import { columnsOf, type EncodedBlock, missingNumberBlock, numberBlock } from "./numbers.ts";
import { addOutputs, marginCount } from "./outputs.ts";
import { elementTypes, encodeModel } from "./proto.ts";
import { treeMargins } from "./trees.ts";

/**
 * The bytes of one ONNX graph that computes everything the model learned: encoding in double, the estimator
 * (trees on float32 as their engine, linear in double), link, calibration and the label at the recorded threshold.
 * Inputs are one [n,1] tensor per feature (double, NaN missing; string, "" missing); `inputs.ts` names the outputs.
 * Equal models give equal bytes. `invalid_input` when the parts of the model don't fit each other.
 */
export function compile(model: FittedModel): Uint8Array {
  const g = graphBuilder();
  const inputs = declareInputs(g, model);
  checkEncoding(model);
  addOutputs(g, model, margins(g, model, inputs));
  return encodeModel({
    graph: g.finish("model"),
    producer: "muster",
    metadata: { task: model.task, classes: JSON.stringify(model.classes), threshold: JSON.stringify(model.threshold) },
  });
}

function margins(g: GraphBuilder, model: FittedModel, inputs: GraphInputs): Value {
  const { estimator } = model;
  const outputs = marginCount(model);
  const checked = (given: number) => {
    if (given !== outputs)
      throw fault("invalid_input", `the model needs ${outputs} outputs and its estimator has ${given}`);
  };
  if (estimator.kind === "constant") {
    checked(model.task === "binary" ? estimator.output.length - 1 : estimator.output.length);
    return constantMargins(
      g,
      inputs.rows,
      baselineMargins(estimator.output, model.task, 1).map((margin) => margin[0]!),
    );
  }
  if (estimator.kind === "trees") {
    checked(estimator.base.length);
    const grown = estimator.trees.some((tree) => tree.left[0]! >= 0);
    if (!grown) return constantMargins(g, inputs.rows, stumpMargins(estimator));
    const { design, position } = designMatrix(g, model, inputs, "float");
    return treeMargins(g, design, estimator, position);
  }
  if (estimator.kind === "ensemble") {
    if (estimator.members.length === 0) throw fault("invalid_input", "an ensemble has at least one member");
    const parts = membersOf(model).map((member) =>
      g.node("Mul", [margins(g, member.model, inputs), g.constant("double", [1, 1], [member.weight])]),
    );
    return parts.reduce((sum, part) => g.node("Add", [sum, part]));
  }
  checked(estimator.intercept.length);
  checked(estimator.coefficients.length);
  if (model.encoding.length === 0) return constantMargins(g, inputs.rows, estimator.intercept);
  refuseMissingValues(model.encoding);
  const { design, position } = designMatrix(g, model, inputs, "double");
  return linearMargins(g, design, estimator, position);
}

/** An ensemble without a single split needs no design matrix: every row has the base and the roots' values. */
function stumpMargins(estimator: Extract<FittedModel["estimator"], { kind: "trees" }>): number[] {
  return estimator.base.map((base, k) =>
    estimator.trees.reduce(
      (sum, tree, t) => (estimator.group[t] === k ? Math.fround(sum + tree.value[0]!) : sum),
      base,
    ),
  );
}

/** The design matrix [n, columns] in the estimator's type, made in blocks; `position[e]` is where encoded column e stands in it. */
function designMatrix(g: GraphBuilder, model: FittedModel, inputs: GraphInputs, type: "float" | "double") {
  const { encoding } = model;
  const isNumber = (input: number) => model.inputs[input]!.type === "number";
  const blocks: EncodedBlock[] = [];
  if (inputs.numbers) {
    const plain = columnsOf(encoding, "number");
    const missing = columnsOf(encoding, "missing").filter(({ column }) => isNumber(column.input));
    if (plain.length > 0) blocks.push(numberBlock(g, inputs.numbers, plain));
    if (missing.length > 0) blocks.push(missingNumberBlock(g, inputs.numbers, missing));
  }
  const fromText = encoding.flatMap((column, index) => (isNumber(column.input) ? [] : [{ index, column }]));
  blocks.push(...categoryBlocks(g, inputs.categories, fromText));
  const position: number[] = [];
  blocks
    .flatMap((block) => block.encoded)
    .forEach((encoded, place) => {
      position[encoded] = place;
    });
  const typed = blocks.map((block) => (block.type === type ? block.value : g.cast(block.value, elementTypes[type])));
  return { design: g.sideBySide(typed), position };
}

function checkEncoding(model: FittedModel): void {
  model.encoding.forEach((column, i) => {
    const input = model.inputs[column.input];
    if (!input) throw fault("invalid_input", `column ${i} of the design matrix comes from no input`);
    const wanted = column.op === "missing" ? input.type : column.op === "number" ? "number" : "category";
    if (input.type !== wanted)
      throw fault("invalid_input", `column ${i} (${column.op}) can't be made from a ${input.type}`);
  });
}
