import { halfWidth, rhoFor } from "./sequence.ts";

/** Two scores of one row: by the live version and by the one beside it. */
export type ScorePair = readonly [live: number, challenger: number];

/** How far the mean score of a version lies from the live one's on the same rows, with the half width of its always-valid interval. */
export type Shift = { n: number; live: number; challenger: number; distance: number; half: number };

/** Rows at which the interval is about tightest: the verdict should fall within some hundred. */
const tightestAt = 150;

/** Means and squares of paired scores as they come (Welford). */
export function shiftWatch() {
  let n = 0;
  let [x, y, xx, yy, xy] = [0, 0, 0, 0, 0];
  const add = ([live, challenger]: ScorePair): void => {
    n++;
    const [dx, dy] = [live - x, challenger - y];
    x += dx / n;
    y += dy / n;
    xx += dx * (live - x);
    yy += dy * (challenger - y);
    xy += dx * (challenger - y);
  };
  const variance = (sum: number) => sum / Math.max(1, n - 1);
  const interval = (distance: number, deviation: number, alpha: number): Shift => ({
    ...{ n, live: x, challenger: y, distance },
    half: halfWidth({ n, deviation, alpha, rho: rhoFor(tightestAt, alpha) }),
  });
  return {
    add,
    /** Of probabilities: the difference of the log-odds of both means. One row's worth of the other mean keeps either from 0 and 1. */
    odds(alpha: number): Shift {
      const mean = (own: number, other: number) => Math.min(1 - 1e-9, Math.max(1e-9, (n * own + other) / (n + 1)));
      const [p, q] = [mean(x, y), mean(y, x)];
      const [u, v] = [1 / (p * (1 - p)), 1 / (q * (1 - q))];
      // The variance of the difference's influence function: v·(challenger's deviation) − u·(live's).
      const spread = v * v * variance(yy) + u * u * variance(xx) - 2 * u * v * variance(xy);
      const distance = Math.log(q / (1 - q)) - Math.log(p / (1 - p));
      return interval(distance, Math.sqrt(Math.max(0, spread)), alpha);
    },
    /** Of numbers: the difference of the means in multiples of `deviation`; null: of the live version's own answers. */
    deviations(alpha: number, deviation: number | null): Shift {
      const unit = deviation ?? Math.sqrt(variance(xx));
      const spread = variance(xx) + variance(yy) - 2 * variance(xy);
      return interval((y - x) / unit, Math.sqrt(Math.max(0, spread)) / unit, alpha);
    },
  };
}
