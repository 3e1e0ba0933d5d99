import type { OutOfFold } from "./job.ts";

/** Rows that are sent at a time. */
const partRows = 65_536;

/** Out-of-fold answers in parts of so many rows at most, in order; each a copy, so that no more than a part is sent. */
export function* partsOf({ row, fold, label, prediction }: OutOfFold): Generator<OutOfFold, void, undefined> {
  for (let from = 0; from < row.length; from += partRows) {
    const to = from + partRows;
    yield {
      ...{ row: row.slice(from, to), fold: fold.slice(from, to), label: label.slice(from, to) },
      prediction: prediction.map((output) => output.slice(from, to)),
    };
  }
}

/** The answers that parts are of. */
export function joined(parts: OutOfFold[]): OutOfFold {
  const rows = parts.reduce((sum, { row }) => sum + row.length, 0);
  const outputs = parts[0]?.prediction.length ?? 0;
  const out: OutOfFold = {
    ...{ row: new Float64Array(rows), fold: new Int32Array(rows), label: new Float64Array(rows) },
    prediction: Array.from({ length: outputs }, () => new Float64Array(rows)),
  };
  let at = 0;
  for (const { row, fold, label, prediction } of parts) {
    out.row.set(row, at);
    out.fold.set(fold, at);
    out.label.set(label, at);
    for (const [k, output] of prediction.entries()) out.prediction[k]!.set(output, at);
    at += row.length;
  }
  return out;
}
