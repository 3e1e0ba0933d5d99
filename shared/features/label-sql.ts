import type { Feature } from "../domain/feature.ts";
import type { Problem } from "../domain/problem.ts";
import { fault } from "../fault.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { quoteIdent, quoteLiteral } from "../warehouse/quote.ts";
import { microsOf } from "./aggregate-sql.ts";
import { type LabelFeature, labelKey, readsLabels } from "./kinds.ts";
import { positiveOf } from "./label-rule.ts";
import type { CompiledGroup } from "./related-sql.ts";
import { doubleSql, qualified, type Relation, typedColumn } from "./schema.ts";
import { foldSql } from "./side.ts";

/** Where labels of other rows are read: all labelled rows of the problem (`__self`, `__micros`, labels as of `labelRows`), and the spine. */
export type LabelSource = { dialect: Dialect; problem: Problem; all: Relation; spine: string };

/** Whether rows have a time, by which it is told which labels were known. */
export const hasTime = (problem: Pick<Problem, "time" | "cutoffs">): boolean =>
  problem.time !== null || problem.cutoffs.training.length > 0;

/** Refuses a feature that would read labels before they are known. `unfit` says what is lacking. */
export function checkDelay(feature: LabelFeature, problem: Problem): void {
  const refuse = (why: string) =>
    fault("unfit", `feature ${feature.name} ${why}`, { feature: feature.name, leak: "undelayed label" });
  if (problem.task === "multiclass") throw refuse("takes the mean of a label of several classes; predict one of them");
  if (!hasTime(problem)) {
    if (feature.kind === "label_rate" || feature.delayDays !== null)
      throw refuse("reads labels by time, and the rows have none; give target_mean folds instead");
    if (feature.folds === null) throw refuse("would read the row's own label; give it folds");
    return;
  }
  if (feature.delayDays === null || (feature.kind === "target_mean" && feature.folds !== null))
    throw refuse("reads labels of rows that have a time; give it the delay after which they are known, and no folds");
  if (feature.delayDays < problem.labelDelayDays)
    throw refuse(
      `reads labels ${feature.delayDays} days after the event, but they are known only after ${problem.labelDelayDays}; delay it as long`,
    );
}

/** SQL for the label of a row `a` as a number. */
function numberOf(problem: Problem): string {
  if (problem.task === "regression") return "a.__label";
  const positive = positiveOf(problem) ?? "1";
  return `CASE WHEN a.__label = ${quoteLiteral(positive)} THEN 1.0 ELSE 0.0 END`;
}

/** SQL for the microsecond from which the label of a row `a` is known, so many days after its event. */
function knownSql(dialect: Dialect, { label, labelDelayDays }: Problem, delayDays: number): string {
  return label.kind === "column"
    ? `a.__micros + ${microsOf(delayDays)}`
    : `${dialect.micros("a.__known_at")} + ${microsOf(delayDays - labelDelayDays)}`;
}

/** Groups that have their categories told apart: text, truth and whole numbers. */
const GROUPING = ["text", "boolean", "integer"] as const;

const frame = (length: number | null): string =>
  `RANGE BETWEEN ${length === null ? "UNBOUNDED" : String(length - 1)} PRECEDING AND CURRENT ROW`;

/**
 * Means of labels known at each moment: labelled rows at the time from which their label is known, and the spine's rows at
 * their own, in one order. A training row reads labels of training rows alone; in `target_mean` every row does.
 */
function compileKnown(
  features: readonly LabelFeature[],
  { dialect, problem, all, spine }: LabelSource,
  id: number,
): CompiledGroup {
  const [first] = features;
  const name = typedColumn(all, labelKey(first!), GROUPING, `feature ${first!.name}`).name;
  const [stream, group] = [`__labels${id}`, `__rates${id}`];
  const known = knownSql(dialect, problem, first!.delayDays!);
  const own = "PARTITION BY __key ORDER BY __at";
  const values = features.map((feature, i) => {
    if (feature.kind === "label_rate") {
      const over = ` OVER (${own} ${frame(feature.days === null ? null : microsOf(feature.days))})`;
      return `CASE WHEN __trained THEN ${dialect.mean("__y", "__trained", over)} ELSE ${dialect.mean("__y", undefined, over)} END AS v${i}`;
    }
    const over = ` OVER (${own} ${frame(null)})`;
    const prior = dialect.mean("__y", "__trained", ` OVER (ORDER BY __at ${frame(null)})`);
    const sum = `coalesce(${dialect.sum("__y", "__trained", over)}, 0) + ${feature.smoothing} * ${prior}`;
    return `(${sum}) / NULLIF(count(__y) FILTER (WHERE __trained)${over} + ${feature.smoothing}, 0) AS v${i}`;
  });
  const key = qualified("a", name);
  const ctes = [
    `${stream} AS (SELECT a.__self, ${key} AS __key, ${known} AS __at, CAST(${numberOf(problem)} AS DOUBLE PRECISION) AS __y, a.__split = 'training' AS __trained, false AS __asks
  FROM ${quoteIdent(all.relation)} a WHERE a.__label IS NOT NULL AND a.__split <> 'scoring' AND ${known} IS NOT NULL
  UNION ALL SELECT a.__self, ${key}, ${dialect.micros("a.__cutoff")}, NULL, a.__split = 'training', true FROM ${quoteIdent(spine)} a WHERE a.__cutoff IS NOT NULL)`,
    `${group} AS (SELECT * FROM (SELECT __self, __key, __asks, ${values.join(", ")} FROM ${stream} r) e WHERE __asks AND __key IS NOT NULL)`,
  ];
  return {
    ctes,
    joins: [`LEFT JOIN ${group} ON ${group}.__self = s.__self`],
    values: new Map(features.map((feature, i) => [feature.name, `${group}.v${i}`])),
  };
}

/** Means of the labels of training rows in other folds; a row that isn't trained on reads all folds. */
function compileFolds(
  feature: Extract<LabelFeature, { kind: "target_mean" }>,
  { dialect, problem, all, spine }: LabelSource,
  id: number,
): CompiledGroup {
  const { smoothing } = feature;
  const folds = feature.folds!;
  const { name } = typedColumn(all, feature.column, GROUPING, `feature ${feature.name}`);
  const [stats, seen, prior, group] = [`__stats${id}`, `__seen${id}`, `__prior${id}`, `__mean${id}`];
  // Equal rows without a key are numbered after a ~; they belong to one fold.
  const entity = problem.entity === null ? "left(a.__entity, 16)" : "a.__entity";
  const fold = foldSql(dialect, entity, folds, feature.name);
  const each = `(VALUES ${Array.from({ length: folds + 1 }, (_, f) => `(${f - 1})`).join(", ")}) AS f(fold)`;
  const key = qualified("a", name);
  const ctes = [
    `${stats} AS (SELECT ${key} AS __key, ${fold} AS __fold, count(*) AS n, ${dialect.sum(doubleSql(numberOf(problem)))} AS y
  FROM ${quoteIdent(all.relation)} a WHERE a.__label IS NOT NULL AND a.__split = 'training' GROUP BY 1, 2)`,
    `${seen} AS (SELECT t.__key, f.fold, sum(t.n) AS n, ${dialect.sum("t.y")} AS y FROM ${stats} t JOIN ${each} ON f.fold <> t.__fold WHERE t.__key IS NOT NULL GROUP BY 1, 2)`,
    `${prior} AS (SELECT f.fold, ${dialect.sum("t.y")} / sum(t.n) AS mean FROM ${stats} t JOIN ${each} ON f.fold <> t.__fold GROUP BY 1)`,
    `${group} AS (SELECT a.__self, (coalesce(e.y, 0) + ${smoothing} * p.mean) / NULLIF(coalesce(e.n, 0) + ${smoothing}, 0) AS v0
  FROM (SELECT a.__self, ${key} AS __key, CASE WHEN a.__split = 'training' THEN ${fold} ELSE -1 END AS __fold FROM ${quoteIdent(spine)} a) a
  JOIN ${prior} p ON p.fold = a.__fold LEFT JOIN ${seen} e ON e.fold = a.__fold AND e.__key = a.__key WHERE a.__key IS NOT NULL)`,
  ];
  const joins = [`LEFT JOIN ${group} ON ${group}.__self = s.__self`];
  return { ctes, joins, values: new Map([[feature.name, `${group}.v0`]]) };
}

/** Compiles the features that read labels of other rows. `invalid_input` where the source has none, `unfit` as of `checkDelay`. */
export function compileLabelled(features: readonly Feature[], source: LabelSource | undefined): CompiledGroup[] {
  const asked = features.filter(readsLabels);
  if (asked.length === 0) return [];
  if (source === undefined)
    throw fault("invalid_input", `feature ${asked[0]!.name} reads labels; compile it with its problem`);
  for (const feature of asked) checkDelay(feature, source.problem);
  const groups = new Map<string, LabelFeature[]>();
  const folded: Extract<LabelFeature, { kind: "target_mean" }>[] = [];
  for (const feature of asked) {
    if (feature.kind === "target_mean" && feature.delayDays === null) folded.push(feature);
    else {
      const key = JSON.stringify([labelKey(feature), feature.delayDays]);
      groups.set(key, [...(groups.get(key) ?? []), feature]);
    }
  }
  return [
    ...[...groups.values()].map((group, i) => compileKnown(group, source, i)),
    ...folded.map((feature, i) => compileFolds(feature, source, groups.size + i)),
  ];
}
