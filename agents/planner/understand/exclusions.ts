import { fault } from "@muster/shared/fault.ts";
import { blank, type Read } from "./clause.ts";
import { isKey } from "./keys.ts";
import { likeness } from "./synonyms.ts";
import type { DatasetView } from "./view.ts";
import { isStopWord, stemsOf, wordsOf } from "./words.ts";

/** What a text wants left out, as it said it. `firm`: it spoke of use ("don't use"), so a name that fits nothing is an error. */
export type ExclusionPhrase = { said: string; firm: boolean };

const verbs =
  "without(?:\\s+using)?|ignor(?:e|ing)|exclud(?:e|ing)|except(?:\\s+for)?|leav(?:e|ing)\\s+out|(?:do\\s+not|don['’]?t|not|never|without)\\s+us(?:e|ing)|drop(?:ping)?|omit(?:ting)?|skip(?:ping)?|but\\s+not|disregard(?:ing)?";
const end =
  "[.](?=\\s|$)|[;!?]|$|\\s+(?=(?:for|by|within|call|name|using|from|based|at\\s+most|budget|optimi[sz]\\w*|please|when|because|as|in\\s+(?:the|a|this)|and\\s+(?:predict|train|call|name|use|optimi[sz]\\w*|deploy|tell|explain)|to\\s+(?:predict|train))\\b)";

/** Reads what a text wants left out: "without X", "ignore X and Y", "don't use X", "leave out X". */
export function readExclusions(text: string): Read<ExclusionPhrase[]> {
  const value: ExclusionPhrase[] = [];
  let rest = text;
  const clause = new RegExp(`(?:,\\s*|\\b(?:and|but)\\s+)?\\b(${verbs})\\s+(?:the\\s+)?(.+?)(?=${end})`, "gi");
  for (const match of text.matchAll(clause)) {
    const firm = !/^(without|except)$/i.test(match[1]!);
    const items = match[2]!
      .split(/\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|or|nor|&)\s+/i)
      .filter((item) => item.trim() !== "");
    value.push(...items.map((said) => ({ said: said.trim(), firm })));
    rest = blank(rest, match.index, match[0].length);
  }
  return { value, rest };
}

/** Columns left out (`column` of the label's table, else `dataset.column`), and what had to be assumed. */
export type Exclusions = { columns: string[]; assumptions: string[] };

/**
 * Finds the columns that the phrases mean, in the label's table and in those related to it. A phrase that names a whole
 * table leaves out all its columns but the keys. Throws `invalid_input` for a firm phrase that fits nothing: what must not be used
 * isn't quietly used. A name that several tables hold is left out of all of them.
 */
export function groundExclusions(
  phrases: readonly ExclusionPhrase[],
  own: DatasetView,
  related: readonly DatasetView[],
): Exclusions {
  const columns = new Set<string>();
  const assumptions: string[] = [];
  for (const { said, firm } of phrases) {
    const found = matching(said, own, related);
    for (const one of found) columns.add(one);
    if (found.length > 0) assumptions.push(`left out as asked ("${said}"): ${found.join(", ")}`);
    else if (firm)
      throw fault(
        "invalid_input",
        `no column of ${own.name} or of a table related to it is called "${said}"; name the column to leave out as the data spells it`,
        { dataset: own.name },
      );
    else assumptions.push(`no column is called "${said}": there is nothing to leave out for it`);
  }
  return { columns: [...columns], assumptions };
}

function matching(said: string, own: DatasetView, related: readonly DatasetView[]): string[] {
  const stems = wordsOf(said)
    .filter((word) => !isStopWord(word) || /^\d+$/.test(word.text))
    .map((word) => word.stem);
  const plain = said
    .toLowerCase()
    .replace(/^(the|any|all|our|column|columns|field|fields)\s+/, "")
    .replace(/["'`]/g, "");
  const tables = [own, ...related];
  const write = (table: DatasetView, column: string) => (table === own ? column : `${table.name}.${column}`);
  const every = tables.flatMap((table) => table.columns.map((column) => ({ table, column: column.name })));
  const pick = (fits: (one: (typeof every)[number]) => boolean) =>
    every.filter(fits).map((one) => write(one.table, one.column));

  const exact = pick((one) =>
    [one.column, `${one.table.name}.${one.column}`].some((name) => name.toLowerCase() === plain),
  );
  if (exact.length > 0) return exact;
  if (stems.length === 0) return [];
  const table = related.find((one) => sameStems(stemsOf(one.name), stems));
  if (table) return table.columns.filter((column) => !isKey(column)).map((column) => write(table, column.name));
  const whole = pick((one) => sameStems(stemsOf(one.column), stems));
  if (whole.length > 0) return whole;
  const parts = pick((one) => {
    const names = stemsOf(one.column);
    return stems.every((said) => names.includes(said));
  });
  if (parts.length > 0) return parts;
  return pick((one) => {
    const names = stemsOf(one.column);
    return stems.every((said) => names.some((name) => likeness(said, name) > 0));
  });
}

const sameStems = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((s, i) => s === b[i]);
