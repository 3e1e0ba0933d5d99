/**
 * A column as codes: `codes` 0 … `count` − 1, one per row. Codes that no row has are allowed.
 */
export type Coded = { codes: Int32Array; count: number };

/** The rows of each code. */
function countsOf({ codes, count }: Coded): Float64Array {
  const counts = new Float64Array(count);
  for (const code of codes) counts[code]! += 1;
  return counts;
}

/** Shannon's entropy of a coded column in nats (plug-in); 0 without rows. */
export function entropy(column: Coded): number {
  const n = column.codes.length;
  let sum = 0;
  for (const c of countsOf(column)) if (c > 0) sum -= (c / n) * Math.log(c / n);
  return sum;
}

/** The mutual information (plug-in, nats) of two coded columns, and how many codes and pairs of codes are there. */
function joint(a: Coded, b: Coded): { raw: number; as: number; bs: number; pairs: number } {
  const n = a.codes.length;
  const counts = new Float64Array(a.count * b.count);
  for (let i = 0; i < n; i++) counts[a.codes[i]! * b.count + b.codes[i]!]! += 1;
  const rows = new Float64Array(a.count);
  const columns = new Float64Array(b.count);
  for (let x = 0; x < a.count; x++)
    for (let y = 0; y < b.count; y++) {
      rows[x]! += counts[x * b.count + y]!;
      columns[y]! += counts[x * b.count + y]!;
    }
  let [raw, pairs] = [0, 0];
  for (let x = 0; x < a.count; x++)
    for (let y = 0; y < b.count; y++) {
      const c = counts[x * b.count + y]!;
      if (c === 0) continue;
      pairs++;
      raw += (c / n) * Math.log((c * n) / (rows[x]! * columns[y]!));
    }
  const there = (of: Float64Array) => of.reduce((sum, c) => sum + Number(c > 0), 0);
  return { raw: Math.max(0, raw), as: there(rows), bs: there(columns), pairs };
}

/**
 * The mutual information of two coded columns of the same rows in nats: `raw` is the plug-in estimate (scikit-learn's
 * `mutual_info_score`), `bias` what independent columns would show of it on average (Miller and Madow 1955:
 * (r − 1)(c − 1) ÷ 2n over the codes that are there).
 */
export function mutualInformation(a: Coded, b: Coded): { raw: number; bias: number } {
  const { raw, as, bs } = joint(a, b);
  const n = a.codes.length;
  return { raw, bias: n === 0 ? 0 : ((as - 1) * (bs - 1)) / (2 * n) };
}

/**
 * The share of their information that two columns have in common, 0..1: 2 I ÷ (H(a) + H(b)) (symmetric uncertainty; Press et
 * al. 1988), with I less its bias by the pairs of codes that are there (Miller and Madow 1955), so that few rows with many
 * codes don't look alike and copies do. 1 where neither says anything. `entropies`: of a and b.
 */
export function symmetricUncertainty(a: Coded, b: Coded, entropies: readonly [number, number]): number {
  const { raw, as, bs, pairs } = joint(a, b);
  const both = entropies[0] + entropies[1];
  const bias = (pairs - as - bs + 1) / (2 * a.codes.length);
  return both > 0 ? Math.max(0, Math.min(1, (2 * (raw - bias)) / both)) : 1;
}
