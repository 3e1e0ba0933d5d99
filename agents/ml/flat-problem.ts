import { hashOf } from "@muster/shared/canonical.ts";
import type { Column } from "@muster/shared/domain/dataset.ts";
import type { Problem, Task } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { type ClassCount, checkShares } from "@muster/shared/features/enough.ts";
import { TEMPORAL } from "@muster/shared/features/schema.ts";
import { type DatasetFacts, uniqueColumns } from "./dataset-facts.ts";
import { type Draft, metricFor, type ProblemRequest, slug } from "./define-problem.ts";
import { namedColumn } from "./nearest.ts";

/** The share of a flat table that is sealed as hold-out. */
const HOLDOUT_SHARE = 0.2;
/** Numeric targets with more distinct values than this are amounts, with fewer classes. */
const MOST_NUMERIC_CLASSES = 20;
const EVENT_WORDS = new Set([
  "yes",
  "y",
  "true",
  "t",
  "1",
  "1.0",
  "positive",
  "churn",
  "churned",
  "left",
  "lost",
  "bad",
  "fraud",
  "default",
  "failed",
]);

function taskOf(target: Column, facts: DatasetFacts, asked: Task | undefined): Task {
  const distinct = facts.distinct[target.name]!;
  const where = `${facts.manifest.name}.${target.name}`;
  if (distinct === 0) throw fault("unfit", `${where} has no value in any row; name a target that is filled`);
  if (distinct === 1)
    throw fault("unfit", `${where} has one class only; there is nothing to tell apart: name another target`);
  const numeric = target.type === "integer" || target.type === "number";
  if (TEMPORAL.includes(target.type))
    throw fault("unfit", `${where} is a ${target.type}; name a class or an amount as target`);
  const found: Task =
    distinct === 2 ? "binary" : numeric && distinct > MOST_NUMERIC_CLASSES ? "regression" : "multiclass";
  const task = asked ?? found;
  if (task === "regression" && !numeric)
    throw fault("invalid_input", `${where} is ${target.type}, no amount; ask for classes`);
  if (task === "binary" && distinct !== 2) {
    throw fault("invalid_input", `${where} has ${distinct} values; a yes-or-no question needs two`, { distinct });
  }
  if (task !== "regression" && facts.classes === null) {
    throw fault("unfit", `${where} has ${distinct} values, too many for classes; name another target`, { distinct });
  }
  return task;
}

/** The class that counts as the event, and why; null where there is none. */
function positiveOf(
  task: Task,
  classes: ClassCount[],
  target: string,
  asked: string | undefined,
): [string | null, string[]] {
  if (task !== "binary") {
    if (asked !== undefined)
      throw fault("invalid_input", `a positive class needs a target of two classes; ${target} has others`);
    return [null, []];
  }
  const labels = classes.map((c) => c.label);
  if (asked !== undefined) {
    const found = labels.find((l) => l === asked) ?? labels.find((l) => l.toLowerCase() === asked.toLowerCase());
    if (found === undefined)
      throw fault("not_found", `${target} has no class of the name asked for as positive; name one of its two`);
    return [found, []];
  }
  const usual = labels.filter((l) => EVENT_WORDS.has(l.trim().toLowerCase()));
  if (usual.length === 1) return [usual[0]!, [`${target} = ${usual[0]} is the event that is predicted.`]];
  const rarer = [...classes].sort((a, b) => a.rows - b.rows || (a.label < b.label ? 1 : -1))[0]!.label;
  return [rarer, [`${target} = ${rarer}, the rarer class, is the event that is predicted.`]];
}

const KEY_NAME = /(^|[_\s-])(id|key|no|nr|num|number|code|uuid|guid)$|(?<=[a-z])(Id|ID|Key|No|Nr|Number|Code)$/i;

/** The entity's key: a column that tells every row apart and is called like a key, or is text and stands first. */
function keyOf(facts: DatasetFacts, target: string): string | null {
  const { columns } = facts.manifest;
  const unique = new Set(uniqueColumns(facts));
  const keys = columns.filter(
    (c, i) =>
      c.name !== target &&
      unique.has(c.name) &&
      ((c.type === "text" && i === 0) || (["text", "integer"].includes(c.type) && KEY_NAME.test(c.name))),
  );
  return keys[0]?.name ?? null;
}

/** The event time that hold-out and validation follow: the table's own, where it has more than one moment. */
function timeOf(facts: DatasetFacts, target: string): string | null {
  const { time } = facts.manifest;
  const range = time === null ? null : facts.timeRange[time];
  return time !== null && time !== target && range && range.min !== range.max ? time : null;
}

function question(task: Task, target: string, positive: string | null): string {
  if (task === "binary") return `is ${target} = ${positive}?`;
  return task === "regression" ? `how much is ${target}?` : `which ${target} is it?`;
}

/** Defines the problem of a flat table with a label column: one unknown cutoff, hold-out by time or by whole entities. */
export function defineFlat(
  request: ProblemRequest,
  facts: DatasetFacts,
  now: string | null,
  exclusions: string[],
): Draft {
  const { manifest } = facts;
  for (const name of ["population", "gapDays", "cutoffs"] as const)
    if (request[name] !== undefined)
      throw fault(
        "invalid_input",
        `a column of ${manifest.name} is predicted row by row; ${name} says something of events after a cutoff: pass an event, or leave it out`,
      );
  const target = namedColumn(manifest.columns, request.target!, manifest.name);
  if (exclusions.includes(target)) throw fault("invalid_input", `${target} is the target and can't be excluded`);
  if (manifest.columns.every((c) => c.name === target || exclusions.includes(c.name)))
    throw fault(
      "unfit",
      `${manifest.name} has no column beside ${target} to predict it from; load one with more columns`,
    );
  const task = taskOf(manifest.columns.find((c) => c.name === target)!, facts, request.task);
  const classes = facts.classes ?? [];
  const [positive, said] = positiveOf(task, classes, target, request.positive);
  checkShares(task, classes, manifest.rows - facts.missing[target]!, HOLDOUT_SHARE);
  const entity =
    request.entity === undefined ? keyOf(facts, target) : namedColumn(manifest.columns, request.entity, manifest.name);
  const time = timeOf(facts, target);
  const labelDelayDays = request.labelDelayDays ?? 0;
  if (labelDelayDays > 0 && time === null)
    throw fault(
      "invalid_input",
      `${manifest.name} has no time from which labels could be delayed; load it with --time, or leave labelDelayDays out`,
    );
  const holdout: Problem["holdout"] =
    time === null
      ? { kind: "entities", share: HOLDOUT_SHARE, salt: hashOf([manifest.name, target]).slice(0, 16) }
      : { kind: "last_time", share: HOLDOUT_SHARE, time };
  const scored = facts.missing[target]!;
  const assumptions = [
    ...said,
    `${manifest.name} is one flat table: what was known before ${target} was can't be checked.`,
    ...(request.horizon === undefined
      ? []
      : ["The table has no history of its rows, so the period asked for can't be applied."]),
    ...(entity === null ? ["No column names the rows, so each row stands for itself."] : []),
    ...(labelDelayDays === 0
      ? []
      : [`${target} is known ${labelDelayDays} days after ${time}: younger rows are scored and not learned from.`]),
    ...(scored === 0 ? [] : [`${scored} rows without ${target} are scored and not learned from.`]),
  ];
  const heldOut = time === null ? "a fifth of them, chosen by hash" : `the last fifth by ${time}`;
  return {
    name: slug(request.name ?? target),
    dataset: manifest.name,
    target,
    task,
    entity,
    time,
    cutoffs: { training: [], holdout: null, scoring: null },
    horizon: null,
    label: { kind: "column", column: target, positive },
    labelDelayDays,
    metric: metricFor(task, request.metric),
    exclusions,
    holdout,
    now,
    sentence: `For each ${entity === null ? "row" : entity} of ${manifest.name}: ${question(task, target, positive)} Sealed to check the model once: ${heldOut}.`,
    assumptions,
  };
}
