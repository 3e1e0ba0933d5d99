import { fault } from "@muster/shared/fault.ts";

/**
 * The values in ascending order, as a copy.
 * Refuses NaN with `invalid_input`: a missing value has no rank, so the caller takes missing ones out and counts them.
 */
export function sorted(values: ArrayLike<number>): Float64Array {
  const copy = Float64Array.from(values).sort();
  // The typed sort puts NaN last, so one look is enough.
  if (copy.length > 0 && Number.isNaN(copy[copy.length - 1])) {
    throw fault("invalid_input", "a missing value can't be ranked; take missing values out first");
  }
  return copy;
}

/** The positions of the values in ascending order; equal values keep their order. NaN goes last. */
export function argsort(values: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i);
  return order.sort((a, b) => {
    const x = values[a]!;
    const y = values[b]!;
    if (x < y) return -1;
    if (x > y) return 1;
    if (x === y) return a - b;
    return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
  });
}

/** The values that aren't NaN, as a copy in the same order. */
export function present(values: ArrayLike<number>): Float64Array {
  const kept = new Float64Array(values.length);
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (!Number.isNaN(v)) kept[n++] = v;
  }
  return kept.subarray(0, n);
}
