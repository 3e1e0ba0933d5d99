import { normal, seededRandom } from "@muster/shared/random.ts";
import type { Scored } from "../weighted-metrics.ts";

/** Made answers of two models on the same rows: `better` tells how much more of the label's signal the second one has. */
export function twoModels(rows: number, seed: number, better: number) {
  const random = seededRandom(seed);
  const labels = new Float64Array(rows);
  const [first, second] = [new Float64Array(rows), new Float64Array(rows)];
  const probability = (score: number) => 1 / (1 + Math.exp(-score));
  for (let row = 0; row < rows; row++) {
    labels[row] = Number(random() < 0.3);
    const shared = normal(random);
    first[row] = probability(labels[row]! + shared + 0.5 * normal(random) - 1);
    second[row] = probability((1 + better) * labels[row]! + shared + 0.5 * normal(random) - 1);
  }
  const scored = (probabilities: Float64Array): Scored => ({ task: "binary", labels, probabilities });
  return { labels, base: scored(first), challenger: scored(second) };
}
