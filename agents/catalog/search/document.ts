import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import type { DatasetText } from "../texts/text.ts";
import { wordsOf } from "../words.ts";

/** Where a word may stand: a name, or a text that somebody wrote about the dataset or one of its columns. */
export const fields = ["name", "column", "description", "column_description", "owner", "tag"] as const;
export type Field = (typeof fields)[number];

/** One name or text of a dataset: its words, and how many it has. `part`: the column, or which of several it is. */
export type Entry = { field: Field; part: string; words: string[]; size: number };

/** What is indexed of a dataset version. The texts are words with a blank between. */
export type Document = {
  dataset: string;
  version: string;
  name: string[];
  about: string;
  columns: string;
  aboutColumns: string;
  entries: Entry[];
};

/** A word that was asked for and how it may be written in the index. */
export type Term = { word: string; term: string; how: "same" | "synonym" | "part" | "similar" };

/** Where a term stands. */
export type Matched = Term & { dataset: string; exact: boolean; field: Field; part: string; size: number };

/** A dataset as a whole: rank of its texts, similarity of its name. */
export type Found = { dataset: string; text: number; spelling: number };

/** Words of a text that are indexed at most: what somebody wrote is bounded, whoever it was. */
const mostWords = 400;
/** Columns that are indexed at most: the rest is found by its dataset. */
const mostColumns = 2000;

/** Words of a name, and the name in one piece where it has several: `workorder` and `work_order` are one. */
function wordsOfName(name: string): { words: string[]; size: number } {
  const words = wordsOf(name);
  const whole = words.join("");
  return { words: words.length > 1 && whole.length <= 40 ? [...words, whole] : words, size: Math.max(1, words.length) };
}

const wordsOfText = (text: string): { words: string[]; size: number } => {
  const words = wordsOf(text).slice(0, mostWords);
  return { words, size: Math.max(1, words.length) };
};

/** What of a dataset version is searched: names split at case and underscore, and what people, the source and dbt say of it. */
export function documentOf(
  { name, version, columns }: Pick<DatasetManifest, "name" | "version" | "columns">,
  texts: readonly DatasetText[],
): Document {
  const own = columns.slice(0, mostColumns);
  const there = new Set(own.map((column) => column.name));
  const entries: Entry[] = [
    { field: "name", part: name, ...wordsOfName(name) },
    ...own.map((column): Entry => ({ field: "column", part: column.name, ...wordsOfName(column.name) })),
  ];
  for (const { column, kind, giver, text } of texts) {
    if (column !== null && !there.has(column)) continue;
    const field = column !== null ? "column_description" : kind === "comment" ? "description" : kind;
    const part = `${column ?? ""}${column === null ? giver : `\u001f${giver}`}\u001f${kind}`;
    entries.push({ field, part, ...wordsOfText(text) });
  }
  const wordsIn = (...wanted: Field[]) =>
    entries.flatMap(({ field, words }) => (wanted.includes(field) ? words : [])).join(" ");
  return {
    dataset: name,
    version,
    name: wordsOf(name),
    about: wordsIn("description", "owner", "tag"),
    columns: wordsIn("column"),
    aboutColumns: wordsIn("column_description"),
    entries: entries.filter(({ words }) => words.length > 0),
  };
}

/** The column that an entry is about; null where it is about the whole dataset. */
export const columnOf = (field: Field, part: string): string | null =>
  field === "column" ? part : field === "column_description" ? part.split("\u001f")[0]! : null;
