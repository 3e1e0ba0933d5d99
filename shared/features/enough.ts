import type { Task } from "../domain/problem.ts";
import { fault } from "../fault.ts";

/** A class of a target: the label as text and its rows. */
export type ClassCount = { label: string; rows: number };

/** Fewest rows of the scarcer side to develop on, and in the hold-out (conventions: fewer is `unfit`). */
export const FEWEST = { training: 50, holdout: 20 } as const;

/**
 * The rows that decide how much can be learned: binary: of the rarer class; multiclass: outside the largest class;
 * regression: all.
 */
export function scarce(task: Task, classes: readonly ClassCount[], rows: number): number {
  if (task === "regression") return rows;
  const counts = classes.map((c) => c.rows);
  const total = counts.reduce((a, b) => a + b, 0);
  return classes.length < 2 ? 0 : total - Math.max(...counts);
}

const refuse = (side: "training" | "holdout", task: Task, found: number) => {
  const what =
    task === "regression" ? "rows" : task === "binary" ? "rows of the rarer class" : "rows outside the largest class";
  const where = side === "training" ? "to develop on" : "in the hold-out";
  const message = `${found} ${what} ${where}; at least ${FEWEST[side]} are needed: load more data`;
  return fault("unfit", message, { side, found, needed: FEWEST[side] });
};

/** Refuses a labelled table that is too small for its hold-out share. `unfit` with what was found and what is needed. */
export function checkShares(task: Task, classes: readonly ClassCount[], rows: number, share: number): void {
  const all = scarce(task, classes, rows);
  const training = Math.floor(all * (1 - share));
  const holdout = Math.floor(all * share);
  if (training < FEWEST.training) throw refuse("training", task, training);
  if (holdout < FEWEST.holdout) throw refuse("holdout", task, holdout);
}

/** Refuses built labels that are too few on one side. `unfit` with what was found and what is needed. */
export function checkEnough(
  task: Task,
  sides: Record<"training" | "holdout", { classes: readonly ClassCount[]; rows: number }>,
): void {
  for (const side of ["training", "holdout"] as const) {
    const found = scarce(task, sides[side].classes, sides[side].rows);
    if (found < FEWEST[side]) throw refuse(side, task, found);
  }
}
