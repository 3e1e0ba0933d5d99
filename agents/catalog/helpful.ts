import type { CatalogEntry } from "./entry.ts";
import { namesKey } from "./joins/names.ts";

type ColumnEntry = CatalogEntry["columns"][number];

/** How a column could be read: as it stands, in parts (a time), or over the rows that belong to one entity. */
export type Reading = "as it is" | "in its parts" | "aggregated";

/** A column that could help, and how; or why it is left out. `order`: higher comes first; it measures nothing. */
export type Helpful =
  | { column: string; reading: Reading; order: number; why: string }
  | { column: string; leftOut: string };

/** What of a column is known beside its counts. */
export type About = {
  rows: number;
  target: string | null;
  /** Columns by which tables are joined. */
  keys: ReadonlySet<string>;
  arrived: string | null;
  steps: number;
  many: boolean;
  /** Classes that governance found it to hold; null where it wasn't classified. */
  classes: readonly string[] | null;
};

const mostCategories = 200;
const kinds = {
  ...{ boolean: "yes or no", integer: "number", number: "number", text: "category", date: "time", timestamp: "time" },
} as const;

/** Says by name, type, counts and role whether a column could help; nothing is related to the target here. */
export function helpful(column: ColumnEntry, about: About): Helpful {
  const reason = leftOut(column, about);
  const { name, type, nulls, distinct } = column;
  if (reason !== null) return { column: name, leftOut: reason };
  const there = about.rows === 0 ? 0 : 1 - nulls / about.rows;
  const kind = kinds[type];
  const byKind = kind === "time" ? 0.7 : kind === "category" ? 0.85 : 1;
  const reading: Reading = about.many ? "aggregated" : kind === "time" ? "in its parts" : "as it is";
  const counted = distinct === null ? "" : ` of ${distinct} values`;
  return {
    column: name,
    reading,
    order: (byKind * there) / (1 + about.steps),
    why: `${kind === "yes or no" ? kind : `a ${kind}`}${kind === "category" ? counted : ""}, there in ${Math.floor(there * 1000) / 10} % of the rows`,
  };
}

function leftOut({ name, type, distinct, unique, nulls }: ColumnEntry, about: About): string | null {
  if (name === about.target) return "the target itself";
  const tagged = about.classes?.filter((one) => one === "direct" || one === "pii" || one === "protected") ?? [];
  if (tagged.includes("direct")) return "names a person";
  if (tagged.includes("protected")) return "a protected attribute";
  if (tagged.includes("pii")) return "personal data";
  if (about.keys.has(name)) return "a key that tables are joined by";
  if (name === about.arrived) return "says when the row arrived";
  if (distinct === 0 || nulls === about.rows) return "holds no value";
  if (distinct === 1 && nulls === 0) return "holds one value";
  if (unique && (type === "text" || namesKey(name))) return "names its row";
  if (type === "text" && distinct !== null && distinct > mostCategories && distinct > about.rows / 2)
    return "free text or a name: nearly every row has its own";
  return null;
}
