import type { Interplay } from "@muster/shared/domain/model-explanation.ts";
import type { ColumnMap } from "../explain.ts";
import type { Contributions } from "../tree-shap.ts";
import type { Interactions } from "./engine-explainer.ts";

/**
 * The pairs of features whose joint part (beyond what each adds alone) is largest, by exact SHAP interactions over rows;
 * at most `top`, none of nothing. Design columns are summed to features within a row first, then over outputs.
 */
export function strongestPairs(
  outputs: readonly Interactions[],
  contributions: readonly Contributions[],
  { featureOf }: ColumnMap,
  top: number,
): Interplay[] {
  const features = [...new Set(featureOf)];
  const place = featureOf.map((name) => features.indexOf(name));
  const wide = features.length;
  const joint = new Float64Array(wide * wide);
  const own = new Float64Array(wide);
  let whole = 0;
  for (const { rows, columns, values } of contributions)
    for (let row = 0; row < rows; row++) {
      own.fill(0);
      for (let c = 0; c < columns; c++) own[place[c]!]! += values[row * columns + c]!;
      for (const part of own) whole += Math.abs(part);
    }
  const square = new Float64Array(wide * wide);
  for (const { rows, columns, values } of outputs)
    for (let row = 0; row < rows; row++) {
      square.fill(0);
      for (let a = 0; a < columns; a++)
        for (let b = 0; b < columns; b++)
          square[place[a]! * wide + place[b]!]! += values[(row * columns + a) * columns + b]!;
      for (let i = 0; i < square.length; i++) joint[i]! += Math.abs(square[i]!);
    }
  const pairs = features.flatMap((one, i) =>
    features.slice(i + 1).map((other, k): Interplay => {
      const j = i + 1 + k;
      // Each cell holds half of the pair's part.
      const share = whole === 0 ? 0 : (joint[i * wide + j]! + joint[j * wide + i]!) / whole;
      return { features: [one, other], share };
    }),
  );
  return pairs
    .filter(({ share }) => share > 1e-9)
    .sort((a, b) => b.share - a.share || (a.features.join() < b.features.join() ? -1 : 1))
    .slice(0, top);
}
