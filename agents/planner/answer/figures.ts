import type { Answer } from "@muster/shared/domain/request.ts";
import { markPattern } from "./cite.ts";

type Held = { numbers: number[]; words: Set<string> };

/** Numbers that stand in a name, an address or a date belong to it: they are compared as a part of its text. */
const token = /(?<![\p{L}\p{N}_.])-?\d+(?:\.\d+)?(?![\p{L}\p{N}_])/gu;

function collect(value: unknown, held: Held): Held {
  if (typeof value === "number") held.numbers.push(value);
  else if (typeof value === "string") for (const match of value.matchAll(/\d+(?:\.\d+)?/g)) held.words.add(match[0]);
  else if (Array.isArray(value)) {
    held.numbers.push(value.length);
    for (const one of value) collect(one, held);
  } else if (value !== null && typeof value === "object")
    for (const [key, one] of Object.entries(value)) {
      collect(key, held);
      collect(one, held);
    }
  return held;
}

/**
 * The numbers of a text that stand in no field of the answer (apart from its own text): each must be a number of a field
 * rounded to the decimals shown, the length of a list, or a part of a text in a field. Marks of steps don't count.
 */
export function strayFigures(text: string, answer: Answer): string[] {
  const { text: _, ...fields } = answer;
  const { numbers, words } = collect(fields, { numbers: [], words: new Set() });
  // Intervals are always of 95 %: that is what the field means, not a figure of this answer.
  const said = text.replace(markPattern, "").replaceAll("95 % interval", "");
  return [...said.matchAll(token)]
    .map((match) => match[0])
    .filter((figure) => {
      if (words.has(figure.replace(/^-/, ""))) return false;
      const decimals = figure.split(".")[1]?.length ?? 0;
      return !numbers.some((number) => Number(number.toFixed(decimals)) === Number(figure));
    });
}
