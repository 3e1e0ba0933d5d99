import { fault } from "@muster/shared/fault.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { groupedFolds, stratifiedFolds, timeFolds } from "@muster/shared/stats/folds.ts";
import { rowsWhere } from "@muster/shared/stats/rows-where.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import type { Labels } from "../labels.ts";
import { classCounts, takeLabels } from "../labels.ts";
import type { Split } from "../linear/fit.ts";
import type { FoldPlanInfo } from "./job.ts";

/** What folds are made from: per row the entity, by its key or any number for it (null: every row its own), and the time (null: none). */
export type RowOrigin = { entity: string[] | Float64Array | null; time: Float64Array | null };

/** Splits for the comparison, the same for every candidate; `inner` makes splits of the same kind inside a training part. */
export type FoldPlan = FoldPlanInfo & {
  splits: Split[];
  /** Splits of the given rows, as positions within them. */
  inner: (rows: Int32Array, folds: number, seed: number) => Split[];
};

/**
 * The folds that suit the data: forward in time where there is a time of at least 3 different values; whole entities
 * where entities repeat; else rows, spread evenly over classes. A class of fewer rows than folds lowers their number.
 * `unfit` where a class has a single row.
 */
export function planFolds(labels: Labels, origin: RowOrigin, folds: number, seed: number): FoldPlan {
  const { kind, count, why } = suited(labels, origin, folds);
  const splits = split(kind, labels, origin, count, seed);
  const inner = (rows: Int32Array, wanted: number, innerSeed: number) => {
    const part = takeLabels(labels, rows);
    const from: RowOrigin = {
      entity: origin.entity && takeEntities(origin.entity, rows),
      time: origin.time && Float64Array.from(rows, (row) => origin.time![row]!),
    };
    const times = kind === "time" ? new Set(from.time).size : 0;
    if (times >= 3) return split("time", part, from, Math.min(wanted, times - 1), innerSeed);
    if (times === 2) return [latestApart(from.time!)];
    // One cutoff only: time can't split it, entities can.
    const fallback = kind === "time" ? (repeats(from.entity) ? "grouped" : rowKind(labels)) : kind;
    return split(fallback, part, from, wanted, innerSeed);
  };
  return { kind, folds: splits.length, why, splits, inner };
}

const rowKind = (labels: Labels) => (labels.task === "regression" ? "random" : "stratified");

const takeEntities = (entity: string[] | Float64Array, rows: Int32Array): string[] | Float64Array =>
  entity instanceof Float64Array
    ? Float64Array.from(rows, (row) => entity[row]!)
    : Array.from(rows, (row) => entity[row]!);

/** Whether entities have several rows; a single entity, or none that is known, keeps nothing apart. */
function repeats(entity: RowOrigin["entity"]): entity is string[] | Float64Array {
  if (entity === null) return false;
  const count = entitiesOf(entity);
  return count > 1 && count < entity.length;
}

/** How many entities there are; numbers are counted in order, which takes less memory than a set of them. */
function entitiesOf(entity: string[] | Float64Array): number {
  if (!(entity instanceof Float64Array)) return new Set(entity).size;
  const ordered = sorted(entity);
  return ordered.reduce((count, own, i) => count + (i === 0 || own !== ordered[i - 1] ? 1 : 0), 0);
}

function suited(
  labels: Labels,
  origin: RowOrigin,
  folds: number,
): { kind: FoldPlanInfo["kind"]; count: number; why: string } {
  const rows = labels.values.length;
  if (rows < 20) throw fault("unfit", `${rows} labelled rows are too few to compare models on; at least 20 are needed`);
  const times = origin.time ? new Set(origin.time).size : 0;
  if (times >= 3)
    return {
      kind: "time",
      count: Math.min(folds, times - 1),
      why: `${times} different times: trained on the past, scored on what follows`,
    };
  const least = labels.task === "regression" ? rows : Math.min(...classCounts(labels));
  if (least < 2) throw fault("unfit", "a class of the label has a single row; leave it out or merge it");
  const count = Math.min(folds, least);
  if (repeats(origin.entity))
    return {
      kind: "grouped",
      count: Math.min(count, entitiesOf(origin.entity)),
      why: "entities have several rows each: all rows of one are in the same fold",
    };
  return {
    kind: rowKind(labels),
    count,
    why:
      labels.task === "regression"
        ? "rows at random: no time, no repeated entity"
        : "rows spread evenly over classes: no time, no repeated entity",
  };
}

function split(kind: FoldPlanInfo["kind"], labels: Labels, origin: RowOrigin, folds: number, seed: number): Split[] {
  const random = seededRandom(seed);
  if (kind === "time") return timeFolds(origin.time!, folds);
  const classes = labels.task === "regression" ? null : labels.values;
  const fold =
    kind === "grouped"
      ? groupedFolds(origin.entity!, classes, folds, random)
      : stratifiedFolds(classes ?? new Float64Array(labels.values.length), folds, random);
  return Array.from({ length: folds }, (_, k) => ({
    train: rowsWhere(fold.length, (row) => fold[row] !== k),
    valid: rowsWhere(fold.length, (row) => fold[row] === k),
  }));
}

/** Two times: the earlier one to train on, the later one to score. */
function latestApart(time: Float64Array): Split {
  const latest = time.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const late = Int32Array.from(time, (t) => (t === latest ? 1 : 0));
  return {
    train: rowsWhere(late.length, (row) => late[row] === 0),
    valid: rowsWhere(late.length, (row) => late[row] === 1),
  };
}
