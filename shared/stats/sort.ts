import { fault } from "@muster/shared/fault.ts";

const digit = 2048;

/**
 * Ascending in place of a copy by radix: six passes of 11 bits over the IEEE 754 pattern, half the time of the typed
 * sort at a million values. Negative numbers have all bits flipped, others the sign bit, so that patterns order as values.
 */
function radixSorted(values: ArrayLike<number>): Float64Array {
  const n = values.length;
  let from = new Uint32Array(Float64Array.from(values).buffer);
  let to = new Uint32Array(2 * n);
  const counts = new Uint32Array(6 * digit);
  for (let i = 0; i < n; i++) {
    let low = from[2 * i]!;
    let high = from[2 * i + 1]!;
    if (high >>> 31 === 1) {
      low = ~low >>> 0;
      high = ~high >>> 0;
    } else high = (high ^ 0x80000000) >>> 0;
    from[2 * i] = low;
    from[2 * i + 1] = high;
    for (let pass = 0; pass < 6; pass++) counts[pass * digit + digitOf(low, high, pass)]! += 1;
  }
  for (let pass = 0; pass < 6; pass++) {
    const at = counts.subarray(pass * digit, (pass + 1) * digit);
    if (startsOf(at, n)) continue;
    for (let i = 0; i < n; i++) {
      const low = from[2 * i]!;
      const high = from[2 * i + 1]!;
      const d = digitOf(low, high, pass);
      const place = at[d]!;
      at[d] = place + 1;
      to[2 * place] = low;
      to[2 * place + 1] = high;
    }
    [from, to] = [to, from];
  }
  for (let i = 0; i < n; i++) {
    const high = from[2 * i + 1]!;
    if (high >>> 31 === 1) from[2 * i + 1] = high ^ 0x80000000;
    else {
      from[2 * i] = ~from[2 * i]!;
      from[2 * i + 1] = ~high;
    }
  }
  return new Float64Array(from.buffer);
}

function digitOf(low: number, high: number, pass: number): number {
  if (pass < 2) return (low >>> (11 * pass)) & 2047;
  if (pass === 2) return ((low >>> 22) | (high << 10)) & 2047;
  return (high >>> (11 * pass - 32)) & 2047;
}

/** Turns the counts of one pass into first places; says whether all values share one digit, so that the pass changes nothing. */
function startsOf(counts: Uint32Array, n: number): boolean {
  let sum = 0;
  for (let d = 0; d < digit; d++) {
    const count = counts[d]!;
    if (count === n) return true;
    counts[d] = sum;
    sum += count;
  }
  return false;
}

/**
 * The values in ascending order, as a copy.
 * Refuses NaN with `invalid_input`: a missing value has no rank, so the caller takes missing ones out and counts them.
 */
export function sorted(values: ArrayLike<number>): Float64Array {
  const copy = values.length < 20_000 ? Float64Array.from(values).sort() : radixSorted(values);
  // NaN ends up at one end: last, or first where its sign bit is set.
  if (copy.length > 0 && (Number.isNaN(copy[copy.length - 1]) || Number.isNaN(copy[0]))) {
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
