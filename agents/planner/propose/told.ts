import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Comparison } from "@muster/shared/domain/improvement.ts";
import { type Leakage, refusedColumns } from "@muster/shared/domain/leakage.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import type { ErrorSlices, Slice } from "@muster/shared/domain/slice.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { isOwnRow, isRelated, ownColumns, relatedValues } from "@muster/shared/features/kinds.ts";
import { labelColumn } from "@muster/shared/features/label-rule.ts";
import { type Past, pastsOf } from "./pasts.ts";

type Cleared = FactValue<"training.cleared">;
/** A dataset as the catalog describes it: names, types and what people say of them. */
export type Described = {
  name: string;
  description: string | null;
  columns: readonly { name: string; type: string; description: string | null }[];
};

/** What a round's proposals are asked from: everything that was signed of it, and the catalog's words. */
export type Round = {
  problem: Problem;
  cleared: Cleared;
  leakage: Leakage;
  view: FactValue<"view.registered">["view"];
  found: ErrorSlices;
  before: Comparison | null;
  described: readonly Described[];
};

const mostTables = 30;
const mostColumns = 120;
const mostSlices = 12;
const mostHeld = 200;
const mostPasts = 30;
const mostCharacters = 40_000;
const cut = (text: string | null, most = 200): string | null => text?.slice(0, most) ?? null;

/**
 * What a language model is told of a round, as typed parts: the question, the columns that may be read (names, types and
 * descriptions), ways to other rows, the names of what the model has, slices in words, what was tried and what it came to. Never a
 * row; no words that could hold a value of a personal column. Cut at 30 tables of 120 columns, 12 slices and 40,000 characters.
 */
export function toldOf({ problem, cleared, leakage, view, found, before, described }: Round): Told {
  const refused = refusedColumns(leakage);
  const mayRead = (column: string) => {
    const { role, use, pii } = cleared.columns[column] ?? { role: "none", use: null, pii: true };
    return !refused.has(column) && (role === "key" || use === "time" || (role === "feature" && !pii));
  };
  const tables = described.slice(0, mostTables).map(({ name, description, columns }) => ({
    name: cut(name, 100)!,
    own: name === problem.dataset,
    description: cut(description),
    columns: columns
      .filter((column) => mayRead(`${name}.${column.name}`))
      .slice(0, mostColumns)
      .map((column) => [cut(column.name, 100), column.type, cut(column.description)]),
  }));
  const all = [...found.slices, ...found.hard];
  const slices = all
    .map(({ words }, number) => ({ number, words: cut(words, 600)! }))
    .filter(({ number }) => !isPersonal(all[number]!, { problem, cleared, view }))
    .slice(0, mostSlices);
  const told: Told = {
    question: isPersonalQuestion(problem, cleared) ? null : problem.sentence,
    ...{ task: problem.task, metric: problem.metric, labelDelayDays: problem.labelDelayDays },
    ...{
      tables,
      slices,
      pasts: pastsOf([...view.features, ...all.flatMap(({ probes }) => probes)]).slice(0, mostPasts),
    },
    held: view.features
      .filter(unconditional)
      .slice(0, mostHeld)
      .map(({ name, kind }) => [name, kind]),
    tried: (before?.tried ?? []).map(({ round, features, difference: { metric, mean, se }, better }) => ({
      ...{ round, features: features.flatMap(({ feature }) => (unconditional(feature) ? feature.name : [])) },
      ...{ metric, betterBy: mean, se, better },
    })),
  };
  while (told.tables.length > 1 && JSON.stringify(told).length > mostCharacters) told.tables.pop();
  return told;
}

/** Whether a feature's name can't say a value: a condition is on one, and its name may. */
const unconditional = (feature: Feature): boolean => !("where" in feature && feature.where);

/** What is told, as it is sent. */
export type Told = {
  question: string | null;
  task: string;
  metric: string;
  labelDelayDays: number;
  tables: { name: string; own: boolean; description: string | null; columns: unknown[][] }[];
  pasts: Past[];
  held: [string, string][];
  slices: { number: number; words: string }[];
  tried: unknown[];
};

/** Whether the words of a slice could say a value of a personal column, or of one of which nothing is known. */
function isPersonal(slice: Slice, { problem, cleared, view }: Pick<Round, "problem" | "cleared" | "view">): boolean {
  const known = [...view.features, ...slice.probes];
  return slice.conditions.some(({ column }) => {
    const feature = known.find(({ name }) => name === column);
    if (feature === undefined) return true;
    const read = isRelated(feature)
      ? relatedValues(feature).map((one) => `${feature.table}.${one}`)
      : isOwnRow(feature)
        ? ownColumns(feature).map((one) => `${problem.dataset}.${one}`)
        : [];
    return read.some((one) => cleared.columns[one]?.pii !== false);
  });
}

/** Whether the question's sentence could: its conditions name values, and a class is one of the target's. */
function isPersonalQuestion({ dataset, label, population }: Problem, { columns }: Cleared): boolean {
  const conditions = [
    ...("where" in label ? label.where.map(({ column }) => `${dataset}.${column}`) : []),
    ...(population?.where ?? []).map(({ column }) => `${population!.dataset}.${column}`),
  ];
  const target = labelColumn(label);
  const read = [...conditions, ...(target === null ? [] : [`${dataset}.${target}`])];
  return read.some((column) => columns[column]?.pii !== false);
}
