import { normal } from "@muster/shared/random.ts";
import { type Dimension, type Point, placeOf, randomPoint, type Space, valueAt } from "./space.ts";

/** A point that was tried and its loss; less is better. */
export type Tried = { point: Point; loss: number };

/** How a proposal is made: see `proposeTpe`. */
export type TpeOptions = { startup: number; goodShare: number; candidates: number };

const defaults: TpeOptions = { startup: 10, goodShare: 0.15, candidates: 32 };
/** At most so many count as good: with many trials the good ones stay few. */
const mostGood = 25;
/** The narrowest kernel, as a share of the scale: below it proposals would only repeat what was tried. */
const narrowest = 0.02;

/**
 * The next point to try, by a tree-structured Parzen estimator (Bergstra et al. 2011) in its multivariate form (Falkner et
 * al. 2018: kernels over whole points, so that dimensions that only work together stay together). Of all that were tried
 * the best `goodShare` make one density, the others another, each with an even prior; of `candidates` draws from the first
 * the one is taken where good is likeliest against bad. Below `startup` trials: even random. `pending` are points under
 * trial: they count as bad, so that a batch spreads. Deterministic for its random source.
 */
export function proposeTpe(
  space: Space,
  tried: readonly Tried[],
  random: () => number,
  { pending = [], ...given }: Partial<TpeOptions> & { pending?: readonly Point[] } = {},
): Point {
  const { startup, goodShare, candidates } = { ...defaults, ...given };
  if (tried.length < startup) return randomPoint(space, random);
  const ranked = tried.toSorted((a, b) => a.loss - b.loss);
  const count = Math.min(mostGood, Math.max(2, Math.ceil(goodShare * tried.length)));
  const good = parzen(
    space,
    ranked.slice(0, count).map(({ point }) => point),
  );
  const bad = parzen(space, [...ranked.slice(count).map(({ point }) => point), ...pending]);
  let best = { point: good.draw(random), ratio: Number.NEGATIVE_INFINITY };
  for (let i = 0; i < candidates; i++) {
    const point = good.draw(random);
    const ratio = good.logDensity(point) - bad.logDensity(point);
    if (ratio > best.ratio) best = { point, ratio };
  }
  return best.point;
}

/** A mixture of one kernel around each point and an even prior, all of the same weight. */
function parzen(space: Space, points: readonly Point[]) {
  const dimensions = Object.entries(space);
  // Scott's rule over the unit cube; the prior keeps every part of the space reachable.
  const width = Math.max(narrowest, 0.25 * Math.max(1, points.length) ** (-1 / (dimensions.length + 4)));
  const places = points.map((point) => dimensions.map(([name, dimension]) => place(dimension, point[name]!)));
  return {
    draw(random: () => number): Point {
      const at = Math.floor(random() * (points.length + 1));
      if (at === points.length) return randomPoint(space, random);
      return Object.fromEntries(
        dimensions.map(([name, dimension], d) => [name, drawn(dimension, places[at]![d]!, width, random)]),
      );
    },
    logDensity(point: Point): number {
      const own = dimensions.map(([name, dimension]) => place(dimension, point[name]!));
      let sum = 1;
      for (const centre of places) {
        let product = 1;
        for (const [d, [, dimension]] of dimensions.entries()) product *= kernel(dimension, own[d]!, centre[d]!, width);
        sum += product;
      }
      return Math.log(sum / (points.length + 1));
    },
  };
}

/** A number's place on its scale, an option's index. */
const place = (dimension: Dimension, value: number | string): number =>
  dimension.kind === "choice" ? dimension.options.indexOf(value) : placeOf(dimension, value as number);

function drawn(dimension: Dimension, centre: number, width: number, random: () => number): number | string {
  if (dimension.kind === "choice") {
    const { options } = dimension;
    return random() < otherOption(width) ? options[Math.floor(random() * options.length)]! : options[centre]!;
  }
  for (;;) {
    const at = centre + width * normal(random);
    if (at >= 0 && at <= 1) return valueAt(dimension, at);
  }
}

/** How often an option is drawn anew instead of kept. */
const otherOption = (width: number): number => Math.min(0.5, 2 * width);

/** The density of a place under one kernel, against an even one (1). */
function kernel(dimension: Dimension, at: number, centre: number, width: number): number {
  if (dimension.kind === "choice") {
    const anew = otherOption(width);
    return (at === centre ? (1 - anew) * dimension.options.length : 0) + anew;
  }
  const density = (from: number) => Math.exp(-0.5 * ((at - from) / width) ** 2) / (width * Math.sqrt(2 * Math.PI));
  return density(centre) / within(centre, width);
}

/** The share of a kernel that lies inside the scale. */
function within(centre: number, width: number): number {
  return cdf((1 - centre) / width) - cdf(-centre / width);
}

/** The standard normal distribution function to 1.5e-7 (Abramowitz and Stegun 7.1.26): densities here need no more. */
function cdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const tail =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) *
    Math.exp(-x * x);
  return z >= 0 ? 1 - tail / 2 : tail / 2;
}
