import { z } from "zod";

/**
 * Where a value of a card stands: a receipt's signed value (or the receipt itself), a decision or an approval of
 * governance, or an audit event; and the place in it, as a JSON pointer (RFC 6901).
 */
export const CardSource = z.object({
  kind: z.enum(["value", "receipt", "decision", "approval", "audit"]),
  id: z.string(),
  pointer: z.string(),
});
export type CardSource = z.infer<typeof CardSource>;

/** One line of a card: what it says, and where the record says so. */
export const CardItem = z.object({
  label: z.string(),
  value: z.union([z.string(), z.number(), z.boolean(), z.null()]),
  source: CardSource,
});
export type CardItem = z.infer<typeof CardItem>;

/** A model card: sections of lines, every one of which is read from the record. `receipts`: all that it rests on. */
export const ModelCard = z.object({
  model: z.string(),
  version: z.number().int(),
  hash: z.string(),
  sections: z.array(z.object({ title: z.string(), items: z.array(CardItem) })),
  receipts: z.array(z.object({ receipt: z.string(), fact: z.string(), by: z.string(), at: z.string() })),
});
export type ModelCard = z.infer<typeof ModelCard>;

/** A document of the record that a card reads from. */
export type RecordEntry = { kind: CardSource["kind"]; id: string; body: unknown };

const step = (name: string | number): string => `/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;

/** What stands at a JSON pointer; undefined where nothing does. */
export function lookUp(body: unknown, pointer: string): unknown {
  if (pointer === "") return body;
  return pointer
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>(
      (at, part) => (at !== null && typeof at === "object" ? (at as Record<string, unknown>)[part] : undefined),
      body,
    );
}

/**
 * Reads lines of a card from an entry of the record: `item("rows", "rows")`. A value is never passed in, only its place, so
 * that nothing can stand in a card that doesn't stand in the record. A place that holds nothing gives no line.
 */
export function reader(entry: RecordEntry | null) {
  return {
    item: (label: string, ...path: (string | number)[]): CardItem[] => {
      if (entry === null) return [];
      const pointer = path.map(step).join("");
      const value = lookUp(entry.body, pointer);
      const told = ["string", "number", "boolean"].includes(typeof value) || value === null;
      if (!told) return [];
      return [{ label, value: value as CardItem["value"], source: { kind: entry.kind, id: entry.id, pointer } }];
    },
    /** The keys of a record, or the places of a list, at a path; none where there is neither. */
    keys: (...path: (string | number)[]): string[] => {
      const found = entry === null ? null : lookUp(entry.body, path.map(step).join(""));
      return found !== null && typeof found === "object" ? Object.keys(found) : [];
    },
    /** What stands at a path, for a label; a text. */
    text: (...path: (string | number)[]): string =>
      entry === null ? "" : String(lookUp(entry.body, path.map(step).join("")) ?? ""),
  };
}
