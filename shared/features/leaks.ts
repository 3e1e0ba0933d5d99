import type { Column } from "../domain/dataset.ts";
import type { Feature } from "../domain/feature.ts";
import type { Problem } from "../domain/problem.ts";
import { asFault, fault } from "../fault.ts";
import {
  isAhead,
  isLookup,
  isOwnRow,
  isRelated,
  labelKey,
  ownColumns,
  type RelatedFeature,
  readsLabels,
  relatedValues,
} from "./kinds.ts";
import { labelColumn, ruleTime } from "./label-rule.ts";
import { checkDelay, hasTime } from "./label-sql.ts";
import { type Timing, untimely, updateSubject } from "./timing/timing.ts";

/** What a leak lets through. */
export type LeakKind =
  | "label"
  | "told by the label"
  | "undelayed label"
  | "excluded"
  | "key"
  | "written later"
  | "without time"
  | "without arrival"
  | "beyond the cutoff";

/** A feature that would know what isn't known when it is asked for; `column` as `dataset.column`. */
export type Leak = { feature: string; leak: LeakKind; column: string | null; why: string; number: number | null };

/** A table as its manifest describes it: by which columns its rows are known. */
export type DatedTable = { columns: readonly Column[]; time: string | null; arrived: string | null };

/**
 * What leaks are judged by. `timing`: when columns are written, as measured; `telling`: columns (`dataset.column`) that
 * alone tell the target on training rows, with the number that shows it.
 */
export type LeakFacts = {
  tables: Readonly<Record<string, DatedTable>>;
  timing: Timing;
  telling: Readonly<Record<string, { reason: string; number: number }>>;
};

/** Facts of a view about which nothing was measured: what its features themselves say is judged all the same. */
export const unmeasured = (tables: LeakFacts["tables"]): LeakFacts => ({
  tables,
  timing: { ends: {}, overwritten: {}, filled: {} },
  telling: {},
});

type Read = { dataset: string; column: string };

/** The columns that a feature's value is made of, but for keys and what says when. */
function valuesOf(feature: Feature, dataset: string): Read[] {
  if (isRelated(feature)) {
    const order = "order" in feature && feature.order !== undefined ? [feature.order] : [];
    return [...relatedValues(feature), ...order].map((column) => ({ dataset: feature.table, column }));
  }
  // A forecast's own look at nothing that lies beyond the origin; its series is the label's, units before.
  if (isAhead(feature)) return feature.column === null ? [] : [{ dataset, column: feature.column }];
  if (readsLabels(feature)) return feature.kind === "target_mean" ? [{ dataset, column: feature.column }] : [];
  const { filledBy } = feature;
  return ownColumns(feature)
    .filter((column) => column !== filledBy || ("column" in feature && column === feature.column))
    .map((column) => ({ dataset, column }));
}

/** The columns by which a feature finds rows. */
function keysOf(feature: Feature, dataset: string): Read[] {
  if (readsLabels(feature)) return [{ dataset, column: labelKey(feature) }];
  if (isAhead(feature)) return [];
  if (!isRelated(feature)) return feature.filledBy === undefined ? [] : [{ dataset, column: feature.filledBy }];
  const hop = feature.via;
  const via = hop === undefined ? [] : [hop.key, hop.column].map((column) => ({ dataset: hop.table, column }));
  return [{ dataset, column: feature.localKey }, { dataset: feature.table, column: feature.key }, ...via];
}

type Found = Omit<Leak, "feature"> | null;
const named = ({ dataset, column }: Read): string => `${dataset}.${column}`;
const found = (leak: LeakKind, read: Read | null, why: string, number: number | null = null): Found => ({
  ...{ leak, column: read === null ? null : named(read), why, number },
});

function ofLabel(read: Read, { dataset, label }: Problem): Found {
  const column = labelColumn(label);
  if (read.dataset !== dataset || read.column !== column) return null;
  return found("label", read, "is the label: read it by label_rate or target_mean, which know when it was known");
}

function ofExclusion(read: Read, { dataset, exclusions }: Problem): Found {
  const excluded = exclusions.includes(named(read)) || (read.dataset === dataset && exclusions.includes(read.column));
  return excluded ? found("excluded", read, "was excluded by a person") : null;
}

function ofKey(feature: Feature, read: Read, { dataset, entity }: Problem): Found {
  const learned = isOwnRow(feature) || feature.kind === "target_mean" || feature.kind === "mean_ratio";
  if (!learned || read.dataset !== dataset || read.column !== entity) return null;
  return found("key", read, "names the entity: what is learned of it is learned by heart");
}

/** Whether a column's value could have been written after the row was known. */
function ofWriting(feature: Feature, read: Read, problem: Problem, { tables, timing }: LeakFacts): Found {
  const own = read.dataset === problem.dataset;
  const table = tables[read.dataset];
  if (table === undefined) return null;
  if (own && isOwnRow(feature) && read.column === table.arrived)
    return found("written later", read, "is the arrival, which comes after the row was known");
  const column = table.columns.find(({ name }) => name === read.column);
  if (column !== undefined && updateSubject(column) !== null && problem.cutoffs.training.length > 0)
    return found("written later", read, "is an update time, rewritten with its row");
  const late = untimely(read.column, read.dataset, table.columns, timing, own);
  if (late !== null) return found("written later", read, `is ${late.reason}`, late.number);
  const filled = timing.filled[named(read)];
  if (filled === undefined) return null;
  const { as, by, after } = filled;
  if (as === "moving" || as === "told")
    return found("written later", read, `is overwritten in place with ${by}; earlier values are lost`, after);
  // Dates of related rows read as missing up to themselves in any case.
  if (as === "date" && isRelated(feature)) return null;
  const filledBy = "filledBy" in feature ? feature.filledBy : undefined;
  if (filledBy === by) return null;
  return found("written later", read, `is filled in with ${by} after the row was known; say so by filledBy`, after);
}

/** Whether rows of a related table could count that weren't there, or not yet, at the cutoff. */
function ofRows(feature: RelatedFeature, problem: Problem, { tables }: LeakFacts): Found {
  const table = tables[feature.table];
  if (table === undefined) return null;
  const { time, arrived } = feature;
  if (!hasTime(problem)) {
    if (isLookup(feature)) return null;
    return found("without time", null, "reads rows by time, and the problem's rows have none");
  }
  const own = feature.table === problem.dataset;
  const hop = feature.via === undefined ? undefined : tables[feature.via.table];
  if (hop !== undefined && hop.time !== null)
    return found("without time", null, `goes through ${feature.via!.table}, whose rows come and go with time`);
  const event = own ? (problem.time ?? ruleTime(problem.label) ?? table.time) : table.time;
  if (event !== null && time === null)
    return found("without time", { dataset: feature.table, column: event }, "says when rows happened, and isn't read");
  if (table.arrived !== null && arrived !== table.arrived)
    return found(
      "without arrival",
      { dataset: feature.table, column: table.arrived },
      "says when rows arrived, and isn't read",
    );
  if (time !== null && time !== event && table.arrived === null) {
    const why = `isn't the time at which rows of ${feature.table} happen: they may be known only later`;
    return found("beyond the cutoff", { dataset: feature.table, column: time }, why);
  }
  return null;
}

function ofDelay(feature: Feature, problem: Problem): Found {
  if (!readsLabels(feature)) return null;
  try {
    checkDelay(feature, problem);
    return null;
  } catch (error) {
    return found("undelayed label", null, asFault(error).message.replace(`feature ${feature.name} `, ""));
  }
}

function ofTelling(read: Read, { telling }: LeakFacts): Found {
  const told = telling[named(read)];
  return told === undefined ? null : found("told by the label", read, `is ${told.reason}`, told.number);
}

/** The leaks of features, the first of each: what it reads must have been known at the cutoff, and must not be the answer. */
export function leaksOf(features: readonly Feature[], problem: Problem, facts: LeakFacts): Leak[] {
  return features.flatMap((feature) => {
    const values = valuesOf(feature, problem.dataset);
    const keys = keysOf(feature, problem.dataset);
    const judged = [
      ...[...values, ...keys].flatMap((read) => [ofLabel(read, problem), ofExclusion(read, problem)]),
      ...values.flatMap((read) => [
        ofKey(feature, read, problem),
        ofWriting(feature, read, problem, facts),
        ofTelling(read, facts),
      ]),
      ...(isRelated(feature) && feature.via !== undefined
        ? [ofWriting(feature, { dataset: feature.via.table, column: feature.via.column }, problem, facts)]
        : []),
      isRelated(feature) ? ofRows(feature, problem, facts) : null,
      ofDelay(feature, problem),
    ];
    const leak = judged.find((one) => one !== null);
    return leak ? [{ feature: feature.name, ...leak }] : [];
  });
}

/** Refuses features that leak. `unfit` names the first, and holds all of them. */
export function checkLeaks(features: readonly Feature[], problem: Problem, facts: LeakFacts): void {
  const leaks = leaksOf(features, problem, facts);
  const [first] = leaks;
  if (first === undefined) return;
  const { feature, leak, column, why, number } = first;
  const shown = number === null ? "" : ` (${Math.round(number * 1000) / 1000})`;
  const more = leaks.length > 1 ? `; ${leaks.length - 1} more leak` : "";
  const message = `feature ${feature} leaks (${leak}): ${column === null ? "it" : column} ${why}${shown}${more}; leave it out`;
  throw fault("unfit", message, { leaks });
}
