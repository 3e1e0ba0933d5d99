import { fault } from "@muster/shared/fault.ts";

/** A parameter that is tuned: a number in [low, high] (on a log scale where its order of magnitude matters), or one of a few options. */
export type Dimension =
  | { kind: "real" | "integer"; low: number; high: number; scale: "linear" | "log" }
  | { kind: "choice"; options: readonly (number | string)[] };

/** What may be tuned, by name. */
export type Space = Readonly<Record<string, Dimension>>;

/** A value for every dimension of a space. */
export type Point = Readonly<Record<string, number | string>>;

type Numeric = Exclude<Dimension, { kind: "choice" }>;

/** A number's place on its scale, 0..1. */
export function placeOf({ low, high, scale }: Numeric, value: number): number {
  if (scale === "linear") return high === low ? 0.5 : (value - low) / (high - low);
  return high === low ? 0.5 : Math.log(value / low) / Math.log(high / low);
}

/** The number at a place of a scale; integers are rounded, and nothing leaves the bounds. */
export function valueAt({ kind, low, high, scale }: Numeric, place: number): number {
  const within = Math.min(1, Math.max(0, place));
  const value = scale === "linear" ? low + within * (high - low) : low * (high / low) ** within;
  const bounded = Math.min(high, Math.max(low, value));
  return kind === "integer" ? Math.round(bounded) : bounded;
}

/** A point drawn evenly over every dimension's own scale: what random search tries. */
export function randomPoint(space: Space, random: () => number): Point {
  return Object.fromEntries(
    Object.entries(space).map(([name, dimension]) => [
      name,
      dimension.kind === "choice"
        ? dimension.options[Math.floor(random() * dimension.options.length)]!
        : valueAt(dimension, random()),
    ]),
  );
}

/** The point of a space that is nearest to some values: numbers are brought inside their bounds. `invalid_input` where a dimension has none. */
export function pointNear(space: Space, values: Readonly<Record<string, number | string>>): Point {
  return Object.fromEntries(
    Object.entries(space).map(([name, dimension]) => {
      const value = values[name];
      if (dimension.kind === "choice") {
        if (value === undefined || !dimension.options.includes(value))
          throw fault("invalid_input", `${String(value)} isn't one of the options of ${name}`);
        return [name, value];
      }
      if (typeof value !== "number") throw fault("invalid_input", `${name} has no number`);
      return [name, valueAt(dimension, placeOf(dimension, Math.min(dimension.high, Math.max(dimension.low, value))))];
    }),
  );
}
