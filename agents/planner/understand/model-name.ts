import { blank, type Read } from "./clause.ts";

/** A name as the registry takes it: lower case, words joined by `_`, at most 63 characters; null where nothing is left of it. */
export function slug(name: string): string | null {
  const plain = name
    .normalize("NFKD")
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+/, "")
    .slice(0, 63)
    .replace(/_+$/, "");
  return plain === "" ? null : plain;
}

/** Reads the name that a text gives the model: "call it X", "name the model X", "named X". */
export function readModelName(text: string): Read<string | null> {
  const lead =
    "\\b(?:call|name)\\s+(?:it|this|the\\s+model|the\\s+result)\\s+|(?<!\\b(?:columns?|datasets?|tables?|fields?|files?|target|label)\\s)\\b(?:called|named)\\s+";
  const match = new RegExp(
    `(?:and\\s+)?(?:${lead})(?:"([^"]{1,80})"|'([^']{1,80})'|([\\p{L}\\p{N}_-]+(?:\\s+(?!(?:and|for|with|using|within|by|please|in|without|at|on|from|to|but|based)\\b)[\\p{L}\\p{N}_-]+){0,4}))`,
    "iu",
  ).exec(text);
  const name = match && slug(match[1] ?? match[2] ?? match[3] ?? "");
  if (!match || !name) return { value: null, rest: text };
  return { value: name, rest: blank(text, match.index, match[0].length) };
}
