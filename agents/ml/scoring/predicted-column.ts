import { takeRows } from "../encode.ts";
import type { FeatureColumn } from "../matrix.ts";
import type { OpenModel } from "../onnx/run.ts";
import type { FeatureRows } from "./read-features.ts";

const runRows = 4096;

/** What the model gives for rows, as a column to compare: the probability of the positive class, the class, or the value. */
export async function predictedColumn(
  model: OpenModel,
  { rows, columns }: Pick<FeatureRows, "rows" | "columns">,
  classes: readonly string[],
): Promise<FeatureColumn> {
  const numbers = new Float64Array(rows);
  const labels: string[] = [];
  for (let start = 0; start < rows; start += runRows) {
    const length = Math.min(runRows, rows - start);
    const output = await model.run(
      takeRows(
        columns,
        Int32Array.from({ length }, (_, i) => start + i),
      ),
      length,
    );
    for (let i = 0; i < length; i++) {
      if (output.kind === "values") numbers[start + i] = output.values[i]!;
      else if (output.classes === 2) numbers[start + i] = output.probabilities[2 * i + 1]!;
      else labels.push(classes[output.labels[i]!]!);
    }
  }
  return classes.length > 2
    ? { name: "prediction", type: "category", values: labels }
    : { name: "prediction", type: "number", values: numbers };
}
