/** The rows 0…length − 1 that `keep` holds for, ascending. Counted first: a growing list takes six times the memory. */
export function rowsWhere(length: number, keep: (row: number) => boolean): Int32Array {
  let count = 0;
  for (let row = 0; row < length; row++) if (keep(row)) count++;
  const rows = new Int32Array(count);
  for (let row = 0, at = 0; row < length; row++) if (keep(row)) rows[at++] = row;
  return rows;
}
