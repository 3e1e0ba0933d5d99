import { fault } from "@muster/shared/fault.ts";
import { takeRows } from "../encode.ts";
import { takeLabels } from "../labels.ts";
import { fitMembers } from "./ensemble/fit-members.ts";
import { type FitContext, type FittedCandidate, fitCandidate, fitConstant } from "./fit-candidate.ts";
import type { Fittable } from "./job.ts";
import type { RaceData } from "./race.ts";
import { fitStreamedTrees } from "./streamed/fit-streamed.ts";

/** A candidate fitted on rows of a run; `margins` scores others of them by their places. */
export type FittedRows = Omit<FittedCandidate, "margins"> & { margins: (rows: Int32Array) => Float64Array[] };

/**
 * Fits a candidate on the given rows of a run (null: all): on a copy of them in memory, or streamed where the run's rows are
 * kept compact. `invalid_input` for a kind that can't be streamed.
 */
export function fitRows(
  data: Pick<RaceData, "columns" | "labels" | "compact">,
  candidate: Fittable,
  rows: Int32Array | null,
  context: FitContext,
): FittedRows {
  const { columns, labels, compact } = data;
  const { params } = candidate;
  if (!compact) {
    const fitted = fitCandidate(
      candidate,
      rows ? takeRows(columns, rows) : columns,
      rows ? takeLabels(labels, rows) : labels,
      context,
    );
    return { ...fitted, margins: (scored) => fitted.margins(takeRows(columns, scored)) };
  }
  const all = rows ?? Int32Array.from(labels.values, (_, row) => row);
  if ("trees" in params) return fitStreamedTrees(params, compact, labels, all, context);
  if (params.algorithm === "ensemble")
    return fitMembers(params, context, (member, own) => fitRows(data, member, rows, own));
  if (params.algorithm !== "constant")
    throw fault("invalid_input", `${candidate.name} can't be fitted on streamed rows`);
  const fitted = fitConstant(takeLabels(labels, all));
  // The baseline looks at nothing of a row: one column of any kind tells it how many there are.
  return {
    ...fitted,
    margins: ({ length }) => fitted.margins([{ name: "", type: "number", values: new Float64Array(length) }]),
  };
}
