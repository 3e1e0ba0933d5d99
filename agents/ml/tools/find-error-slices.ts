import { setImmediate } from "node:timers/promises";
import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { datasetNode, modelNode } from "@muster/shared/domain/lineage.ts";
import { ModelRef } from "@muster/shared/domain/model-uri.ts";
import { ErrorSlices, type Slice } from "@muster/shared/domain/slice.ts";
import { fault } from "@muster/shared/fault.ts";
import { denseClusters } from "@muster/shared/stats/bootstrap.ts";
import { z } from "zod";
import { takeRows } from "../encode.ts";
import { type OutOfFoldFile, readOutOfFold } from "../experiments/kept-answers.ts";
import { checkNamed } from "../experiments/named-run.ts";
import type { MlDeps } from "../index.ts";
import { heldOutRows, rowErrors } from "../slices/errors.ts";
import { type FoundSlice, findSlices, LEAST_ERRORS, type SliceColumn } from "../slices/find-slices.ts";
import { clustersOf } from "../slices/halves.ts";
import { readSliceRows, type SliceRows } from "../slices/read-slice-rows.ts";
import { sliceWords, type Told } from "../slices/words.ts";

export const findErrorSlices = tool({
  name: "find_error_slices",
  does: "Says where a model is wrong, in words: slices over features, unused columns and point-in-time probes, found out of fold and confirmed on other rows.",
  effect: "read",
  long: true,
  input: z.object({
    /** The registered model that is meant, in the place of a dataset and a target. */
    model: ModelRef.optional(),
  }),
  output: ErrorSlices.extend({ verdict: z.string() }),
  needs: [
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned", as: "scope" },
    { is: "training.cleared", as: "cleared" },
    { is: "leakage.found", as: "leakage" },
    { is: "view.registered", as: "view" },
    { is: "run.finished", as: "run" },
  ],
  gives: [{ is: "slices.found" }],
  cost: { ms: 8000 },
  run: async (
    { model: named, problem, scope, cleared, leakage, view, run },
    { lake, threads, seed, getArtifact, lineage, tracking, deployments }: Context & MlDeps,
  ) => {
    await checkNamed(named, run, { tracking, deployments });
    await lake.standing(run.training);
    lineage({ inputs: [...cleared.datasets.map(datasetNode), modelNode(problem.name, run.model)] });
    const held = await readOutOfFold(run.artifacts.oof, getArtifact);
    const judged = heldOutRows(held);
    if (judged.length === 0)
      throw fault("unfit", "the run held out no rows, so nothing says where it is wrong; train it again with folds");
    const { errors, farOff } = rowErrors(run.task, run.threshold, held, judged);
    const wrong = errors[0]!.happened.reduce((sum, one) => sum + one, 0);
    const about = { run: run.run, model: run.model, rows: judged.length, errors: wrong, farOff, seed };
    const positive = run.task === "binary" ? held.classes[1]! : null;
    if (wrong < LEAST_ERRORS) {
      const none = { slices: [], hard: [], tested: 0, searched: { features: 0, columns: 0, probes: 0 }, leftOut: [] };
      const split = { by: "row" as const, discovery: 0, confirmation: 0 };
      const verdict = `${wrong} errors in ${judged.length} rows out of fold; from ${LEAST_ERRORS} on a slice can be confirmed, so none was looked for`;
      return { ...about, ...none, split, verdict };
    }
    const all = await readSliceRows({ lake, threads, seed, problem, scope, cleared, leakage, view: view.view, run });
    const rows = sameRows(all, held, judged);
    const columns = all.columns.map((one): SliceColumn => ({ ...one, column: takeRows([one.column], rows)[0]! }));
    const clusters = clustersOf(
      entitiesOf(all, rows),
      all.time && Float64Array.from(rows, (r) => all.time![r]!),
      rows.length,
    );
    const found = await findSlices(columns, errors, clusters, seed, () => setImmediate());
    const said = new Map(columns.map(({ column, said, times }) => [column.name, { said, times }]));
    const told: Told = { target: problem.target, positive, farOff };
    const worded = (slice: FoundSlice): Slice => ({
      ...slice,
      words: sliceWords(slice, (column) => said.get(column)!, told),
    });
    const [slices, hard] = [found.slices.map(worded), found.hard.map(worded)];
    const count = (from: SliceColumn["from"]) => columns.filter((one) => one.from === from).length;
    return {
      ...{ ...about, slices, hard, tested: found.tested, leftOut: all.leftOut },
      searched: { features: count("feature"), columns: count("column"), probes: count("probe") },
      split: { by: clusters.by, discovery: found.discovery, confirmation: rows.length - found.discovery },
      verdict: verdictOf(slices, hard, about, found.tested),
    };
  },
});

/**
 * The places of the judged rows among those read, which must be the ones that the model was trained on: `conflict` where a
 * row or a label differs.
 */
function sameRows({ row, labels }: SliceRows, stored: OutOfFoldFile, judged: Int32Array): Int32Array {
  const same = (i: number) =>
    row[stored.row[i]!] === stored.row[i] && labels.values[stored.row[i]!] === stored.label[i];
  const classes = labels.classes.length === 0 || labels.classes.join("\n") === stored.classes.join("\n");
  if (!classes || !judged.every(same))
    throw fault("conflict", "the rows aren't those that the model was trained on any more; train it again");
  return Int32Array.from(judged, (i) => stored.row[i]!);
}

/** What rows belong to: the problem's entity where it has several rows, else whose event log they are in; null where nothing says so. */
function entitiesOf({ entity, group }: SliceRows, rows: Int32Array): Int32Array | null {
  const ids = entity && Array.from(rows, (row) => entity[row]!);
  if (ids && new Set(ids).size < ids.length) return denseClusters(ids);
  // A row without a key stands for itself.
  return (
    group && denseClusters(Array.from(rows, (row) => (Number.isNaN(group[row]!) ? `row ${row}` : String(group[row]!))))
  );
}

function verdictOf(
  slices: readonly Slice[],
  hard: readonly Slice[],
  { rows, errors }: { rows: number; errors: number },
  tested: number,
): string {
  const [first] = slices;
  const known = hard.length === 0 ? "" : `; hard, as it says itself: ${hard[0]!.words}`;
  if (first) return `${slices.length === 1 ? "one slice" : `${slices.length} slices`}; ${first.words}${known}`;
  return `no slice confirmed beyond what the model expects (${errors} errors in ${rows} rows out of fold, ${tested} put to the test)${known}`;
}
