/** A value for every code of a column; where training rows have a value of their own, one list a fold, of which `folds` says by place. */
export type CodedValues = {
  codes: Uint8Array | Uint16Array | Uint32Array;
  table: Float32Array;
  own: { folds: Uint8Array; tables: Float32Array[] } | null;
};

/**
 * The values that a design column's bins begin at, rising: each that the rows have where they are at most `bins`, else
 * those at equal shares of the rows. Counted over every row; NaN is in no bin.
 */
export function binsOf({ codes, table, own }: CodedValues, rows: Int32Array, bins: number): Float32Array {
  const width = table.length;
  const counts = new Uint32Array(width * (own?.tables.length ?? 1));
  for (let place = 0; place < rows.length; place++)
    counts[(own ? own.folds[place]! * width : 0) + codes[rows[place]!]!]!++;
  const met = new Map<number, number>();
  for (const [at, count] of counts.entries()) {
    const value = own ? own.tables[Math.floor(at / width)]![at % width]! : table[at]!;
    if (count > 0 && !Number.isNaN(value)) met.set(value, (met.get(value) ?? 0) + count);
  }
  const values = [...met].sort(([a], [b]) => a - b);
  if (values.length <= bins) return Float32Array.from(values, ([value]) => value);
  const known = values.reduce((sum, [, count]) => sum + count, 0);
  const begins: number[] = [];
  let below = 0;
  let share = -1;
  for (const [value, count] of values) {
    below += count;
    const reached = Math.floor(((below - 1) * bins) / known);
    if (reached > share) begins.push(value);
    share = reached;
  }
  return Float32Array.from(begins);
}
