import type { ColumnView, DatasetView } from "./view.ts";
import { stemsOf } from "./words.ts";

const keyWords = new Set(["id", "key", "uuid", "guid", "no", "nr", "code", "num", "number", "ref"]);

/** Whether a column names things rather than describing them, by its name: `customer_id`, `InvoiceNo`, `CustomerID`. */
export function isKey(column: ColumnView): boolean {
  const stems = stemsOf(column.name);
  const last = stems.at(-1);
  if (last === "id" || last === "uuid" || last === "guid" || last === "key") return true;
  return column.unique === true && stems.length > 1 && last !== undefined && keyWords.has(last);
}

/** What a key column is the key of: the stems of its name without the word for key. */
export const keyOf = (column: ColumnView): readonly string[] => {
  const stems = stemsOf(column.name);
  return stems.length > 1 && keyWords.has(stems.at(-1)!) ? stems.slice(0, -1) : stems;
};

/** The other datasets that share a key column's name with one: what joins can reach at once. */
export function relatedTo(dataset: DatasetView, all: readonly DatasetView[]): DatasetView[] {
  const keys = new Set(dataset.columns.filter(isKey).map((column) => column.name.toLowerCase()));
  return all.filter(
    (other) =>
      other !== dataset && other.columns.some((column) => isKey(column) && keys.has(column.name.toLowerCase())),
  );
}
