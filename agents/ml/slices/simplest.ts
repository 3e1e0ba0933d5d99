/**
 * The number with the fewest digits above `low` and at or below `high`: what to call a limit between two values that were
 * seen, so that it names neither where it needn't. `high` itself where nothing shorter lies between.
 */
export function simplestIn(low: number, high: number): number {
  if (low < 0 && high >= 0) return 0;
  const size = Math.max(Math.abs(low), Math.abs(high));
  for (let power = Math.ceil(Math.log10(size)); power >= -12; power--) {
    const step = 10 ** power;
    const found = Number((Math.floor(high / step) * step).toPrecision(15));
    if (found > low && found <= high) return found;
  }
  return high;
}
