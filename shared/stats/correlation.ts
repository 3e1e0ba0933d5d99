import { fault } from "@muster/shared/fault.ts";
import { argsort } from "./sort.ts";

/** Pearson's correlation, −1..1; 0 where one side is constant. `unfit` below two rows. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw fault("invalid_input", "a correlation needs two columns of the same length");
  if (a.length < 2) throw fault("unfit", "a correlation needs at least two rows");
  let meanA = 0;
  let meanB = 0;
  for (let i = 0; i < a.length; i++) {
    meanA += a[i]! / a.length;
    meanB += b[i]! / a.length;
  }
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    const da = a[i]! - meanA;
    const db = b[i]! - meanB;
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return aa === 0 || bb === 0 ? 0 : Math.max(-1, Math.min(1, ab / Math.sqrt(aa * bb)));
}

/** The rank of each value from 1, equal values sharing their mean rank. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = argsort(values);
  const out = new Float64Array(values.length);
  for (let i = 0; i < order.length; ) {
    let end = i + 1;
    while (end < order.length && values[order[end]!] === values[order[i]!]) end++;
    for (let k = i; k < end; k++) out[order[k]!] = (i + end + 1) / 2;
    i = end;
  }
  return out;
}

/** Spearman's rank correlation, −1..1 (ties by mean rank); 0 where one side is constant. */
export const spearman = (a: ArrayLike<number>, b: ArrayLike<number>): number => pearson(ranks(a), ranks(b));
