import type { Candidate } from "./candidate.ts";
import type { DatasetView } from "./view.ts";

const ordinals = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];

/** The place of a column that a text names by position ("the last column", "column 6", "the 6th column"): from 1, or -1 for the last; null where none. */
export function readPosition(text: string): number | null {
  if (/\blast\s+(?:column|field|one|variable)\b/i.test(text)) return -1;
  const at =
    /\b(?:(\d{1,3})(?:st|nd|rd|th)\s+(?:column|field|variable)|(?:column|field)\s+(?:number\s+|no\.?\s*|#)?(\d{1,3}))\b/i.exec(
      text,
    );
  if (at) return Number(at[1] ?? at[2]);
  const word = new RegExp(`\\b(${ordinals.join("|")})\\s+(?:column|field|variable)\\b`, "i").exec(text);
  return word ? ordinals.indexOf(word[1]!.toLowerCase()) + 1 : null;
}

/** The columns at that place, one a dataset. */
export function atPosition(position: number, datasets: readonly DatasetView[]): Candidate[] {
  return datasets.flatMap((dataset) => {
    const column = position < 0 ? dataset.columns.at(position) : dataset.columns[position - 1];
    if (!column) return [];
    const because = `the request names the column by its place; that is ${column.name}`;
    return [
      { dataset, target: { kind: "column", column: column.name }, score: 1, strong: true, told: 1, because } as const,
    ];
  });
}
