import type { Candidate } from "./candidate.ts";
import { intervalOf } from "./event.ts";
import { isKey } from "./keys.ts";
import { likeness, meansCount } from "./synonyms.ts";
import type { ColumnView, DatasetView } from "./view.ts";
import { stem, stemsOf } from "./words.ts";

const labelNames = new Set("target label class outcome response y".split(" ").map(stem));
const flagWords = new Set("is has was did".split(" ").map(stem));
const fewClasses = 20;

/** Whether a stem is a word for "what is to be predicted" and no name of anything. */
export const meansLabel = (one: string): boolean => labelNames.has(one);

const classesOf = (column: ColumnView): number | null => column.classes ?? column.distinct ?? null;
const few = (column: ColumnView) => {
  const classes = classesOf(column);
  return column.type === "boolean" || (classes !== null && classes >= 2 && classes <= fewClasses);
};
/** A file without a header: its columns are named by position. */
export const unnamed = (dataset: DatasetView): boolean =>
  dataset.columns.length > 1 && dataset.columns.every((column, i) => column.name === `column_${i + 1}`);

/**
 * What a dataset is most likely there to predict, where a text names no more than the dataset: a column called target,
 * label or class; one that shares the dataset's own name; an event of an interval table; the last column where it has
 * few classes, is a count, or the file has no header. Best first; empty: nothing stands out.
 */
export function plausibleTargets(dataset: DatasetView, all: readonly DatasetView[]): Candidate[] {
  const last = dataset.columns.at(-1);
  const found: Candidate[] = [];
  const add = (column: ColumnView, score: number, because: string) =>
    found.push({ dataset, target: { kind: "column", column: column.name }, score, strong: true, told: 1, because });
  for (const column of dataset.columns) {
    if (isKey(column) || column.type === "date" || column.type === "timestamp") continue;
    const stems = stemsOf(column.name);
    if (stems.every(meansLabel) || (stems.length > 1 && stems.some(meansLabel) && few(column)))
      add(column, 1, `${column.name} is named as a label`);
    else {
      const share = ownName(column, dataset);
      if (share > 0.5) add(column, 0.5 + 0.4 * share, `${column.name} bears the dataset's own name`);
    }
  }
  const interval = intervalOf(dataset, all);
  if (interval?.lasting)
    found.push({
      dataset,
      target: { kind: "ended", word: "churn", ...interval },
      score: 0.8,
      strong: true,
      told: 1,
      because: `rows of ${dataset.name} run from ${interval.start} to ${interval.end}`,
    });
  const flags = dataset.columns.filter(
    (column) => flagWords.has(stemsOf(column.name)[0] ?? "") && column.type !== "text",
  );
  if (found.length === 0 && flags.length === 1)
    add(flags[0]!, 0.6, `${flags[0]!.name} is the one column that says yes or no`);
  if (last && found.length === 0 && !isKey(last)) {
    if (unnamed(dataset)) add(last, 0.6, "in a file without a header the last column is taken as the label");
    else if (few(last)) add(last, 0.6, `${last.name} is the last column and has few classes`);
    else if (stemsOf(last.name).some(meansCount)) add(last, 0.6, `${last.name} is the last column and a count`);
  }
  return found.sort((a, b) => b.score - a.score);
}

/** How much of a column's name is of its dataset's name, 0..1, apart from prefixes that many columns share and names of whom rows belong to. */
function ownName(column: ColumnView, dataset: DatasetView): number {
  const own = stemsOf(dataset.name).filter((part) => part.length > 2);
  const keyParts = new Set(dataset.columns.filter(isKey).flatMap((key) => stemsOf(key.name)));
  const parts = stemsOf(column.name).filter(
    (part) => dataset.columns.filter((other) => stemsOf(other.name)[0] === part).length < 3,
  );
  const hits = parts.filter((part) => !keyParts.has(part) && own.some((one) => likeness(one, part) === 1));
  return parts.length === 0 ? 0 : hits.length / parts.length;
}

/** Columns that could be a target at all, for a question: those with few classes first, then numbers; never keys or dates. */
export function possibleTargets(dataset: DatasetView, most: number): Candidate[] {
  const number = (column: ColumnView) => column.type === "number" || column.type === "integer";
  const usable = dataset.columns.filter((column) => !isKey(column) && (few(column) || number(column)));
  return [...usable.filter(few), ...usable.filter((column) => !few(column))].slice(0, most).map((column) => ({
    dataset,
    target: { kind: "column", column: column.name },
    score: 0,
    strong: false,
    told: 1,
    because: "chosen from the columns of the dataset",
  }));
}
