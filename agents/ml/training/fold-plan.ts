import { fault } from "@muster/shared/fault.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { groupedFolds, stratifiedFolds, timeFolds } from "@muster/shared/stats/folds.ts";
import { rowsWhere } from "@muster/shared/stats/rows-where.ts";
import { argsort, sorted } from "@muster/shared/stats/sort.ts";
import type { Labels } from "../labels.ts";
import { classCounts, takeLabels } from "../labels.ts";
import type { Split } from "../linear/fit.ts";
import type { FoldPlanInfo } from "./job.ts";

/**
 * What folds are made from: per row the entity, by its key or any number for it (null: every row its own), the time (null:
 * none), and when its label is known (null or absent: with the row itself).
 */
export type RowOrigin = {
  entity: string[] | Float64Array | null;
  time: Float64Array | null;
  known?: Float64Array | null;
};

/** Splits for the comparison, the same for every candidate; `inner` makes splits of the same kind inside a training part. */
export type FoldPlan = FoldPlanInfo & {
  /** Rows before what a fold scores that it may not train on, since their label was not known by then; over all folds. */
  purged: number;
  splits: Split[];
  /** Splits of the given rows, as positions within them. */
  inner: (rows: Int32Array, folds: number, seed: number) => Split[];
};

/** A training part of fewer rows, once it is purged, tells nothing of a model of all rows. */
const leastTrained = 20;

/**
 * The folds that suit the data: forward in time where there is a time of at least 3 different values; whole entities
 * where entities repeat; else rows, spread evenly over classes. A class of fewer rows than folds lowers their number.
 * Forward in time a fold trains only on rows whose label was known when what it scores begins; where too few are by then
 * the folds begin later, and the rows of a single moment are dealt to two of them.
 * `unfit` where a class has a single row.
 */
export function planFolds(labels: Labels, origin: RowOrigin, folds: number, seed: number): FoldPlan {
  const { kind, count, why, begins } = suited(labels, origin, folds);
  const whole = kind === "time" ? timeSplits(origin, count, begins) : split(kind, labels, origin, count, seed);
  const splits = whole.length === 1 ? dealt(whole[0]!, labels, origin, seed) : whole;
  const inner = (rows: Int32Array, wanted: number, innerSeed: number) => {
    const part = takeLabels(labels, rows);
    const from = takeOrigin(origin, rows);
    const times = kind === "time" ? new Set(from.time).size : 0;
    const start = times >= 2 ? firstScored(part, from) : null;
    if (start !== null) return timeSplits(from, Math.min(wanted, times - 1), start);
    // One cutoff only, or none whose label is known by the next: time can't split it, entities can.
    const fallback = kind === "time" ? (repeats(from.entity) ? "grouped" : rowKind(labels)) : kind;
    return split(fallback, part, from, wanted, innerSeed);
  };
  const purged = kind === "time" ? purgedOf(origin, whole) : 0;
  const left =
    purged === 0
      ? ""
      : `; ${purged} earlier rows weren't trained on (over all folds), since their label wasn't known yet at the first moment that is scored`;
  const two = splits === whole ? "" : "; a single moment could be scored: its rows were dealt to two folds";
  return { kind, folds: splits.length, why: `${why}${left}${two}`, purged, splits, inner };
}

const takeOrigin = ({ entity, time, known }: RowOrigin, rows: Int32Array): RowOrigin => {
  const take = (values: Float64Array) => Float64Array.from(rows, (row) => values[row]!);
  return { entity: entity && takeEntities(entity, rows), time: time && take(time), known: known && take(known) };
};

/**
 * The first time that may be scored: enough rows before it, of two classes at least, have a label that is known by then.
 * Where labels are known with their rows it is the second time. Null where there is none.
 */
function firstScored(labels: Labels, { time, known }: RowOrigin): number | null {
  const times = [...new Set(time)].sort((a, b) => a - b);
  if (!known) return times[1] ?? null;
  const counts = labels.classes.map(() => 0);
  let rows = 0;
  for (const row of argsort(known)) {
    rows++;
    if (labels.task !== "regression") counts[labels.values[row]!]!++;
    const told = labels.task === "regression" || counts.filter((count) => count >= 2).length >= 2;
    if (rows < leastTrained || !told) continue;
    // A label that is known with its row doesn't make that row an earlier one.
    const by = Math.max(known[row]!, times[1] ?? Number.POSITIVE_INFINITY);
    return times.find((own) => own >= by) ?? null;
  }
  return null;
}

/** Folds forward in time, each purged. They begin at `begins` where those of equal shares would score something earlier. */
function timeSplits({ time, known }: RowOrigin, folds: number, begins: number): Split[] {
  const usual = timeFolds(time!, folds, { known });
  const [first] = usual;
  if (!known || first!.valid.every((row) => time![row]! >= begins)) return usual;
  const left = new Set(time!.filter((own) => own >= begins)).size;
  return timeFolds(time!, Math.min(folds, left), { from: begins, known });
}

/** Rows before what a fold scores whose label wasn't known yet, over all folds. */
function purgedOf({ time }: RowOrigin, splits: readonly Split[]): number {
  return splits.reduce((sum, { train, valid }) => {
    const start = valid.reduce((least, row) => Math.min(least, time![row]!), Number.POSITIVE_INFINITY);
    return sum + time!.reduce((count, own) => count + (own < start ? 1 : 0), 0) - train.length;
  }, 0);
}

/** A fold as two that score half of its rows each: spread over classes, whole entities where they repeat. As it is where a class has a single row. */
function dealt({ train, valid }: Split, labels: Labels, origin: RowOrigin, seed: number): Split[] {
  const part = takeLabels(labels, valid);
  const from = takeOrigin(origin, valid);
  const least = labels.task === "regression" ? valid.length : Math.min(...classCounts(part));
  if (least < 2) return [{ train, valid }];
  const halves = split(repeats(from.entity) ? "grouped" : rowKind(labels), part, from, 2, seed);
  return halves.map((half) => ({ train, valid: Int32Array.from(half.valid, (i) => valid[i]!) }));
}

const rowKind = ({ task }: Labels) => (task === "regression" ? ("random" as const) : ("stratified" as const));

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

type Suited = { kind: FoldPlanInfo["kind"]; count: number; why: string; begins: number };

function suited(labels: Labels, origin: RowOrigin, folds: number): Suited {
  const rows = labels.values.length;
  if (rows < 20) throw fault("unfit", `${rows} labelled rows are too few to compare models on; at least 20 are needed`);
  const times = origin.time ? new Set(origin.time).size : 0;
  const begins = times >= 3 ? firstScored(labels, origin) : null;
  if (begins !== null)
    return {
      ...{ kind: "time", begins, count: Math.min(folds, times - 1) },
      why: `${times} different times: trained on the past, scored on what follows`,
    };
  const unknown =
    times >= 3 ? `${times} different times, but by none of them are labels of enough earlier rows known: ` : "";
  const least = labels.task === "regression" ? rows : Math.min(...classCounts(labels));
  if (least < 2) throw fault("unfit", "a class of the label has a single row; leave it out or merge it");
  const count = Math.min(folds, least);
  if (repeats(origin.entity))
    return {
      ...{ kind: "grouped", begins: Number.NaN, count: Math.min(count, entitiesOf(origin.entity)) },
      why: `${unknown}entities have several rows each: all rows of one are in the same fold`,
    };
  const none = unknown === "" ? ": no time, no repeated entity" : "";
  return {
    ...{ kind: rowKind(labels), begins: Number.NaN, count },
    why: `${unknown}${labels.task === "regression" ? "rows at random" : "rows spread evenly over classes"}${none}`,
  };
}

function split(
  kind: Exclude<FoldPlanInfo["kind"], "time">,
  labels: Labels,
  origin: RowOrigin,
  folds: number,
  seed: number,
): Split[] {
  const random = seededRandom(seed);
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
