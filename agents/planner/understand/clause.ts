/** A text with what was read out of it blanked, so that positions stay and the rest is read without it. */
export type Read<T> = { value: T; rest: string };

/** Replaces a part of the text by spaces. */
export const blank = (text: string, at: number, length: number): string =>
  text.slice(0, at) + " ".repeat(length) + text.slice(at + length);

/** The first of the patterns that matches, its value, and the text without it. Value null: none matched. */
export function readFirst<T>(
  text: string,
  rules: readonly [RegExp, (match: RegExpExecArray) => T | null][],
): Read<T | null> {
  for (const [pattern, value] of rules) {
    const match = pattern.exec(text);
    const read = match && value(match);
    if (match && read !== null) return { value: read, rest: blank(text, match.index, match[0].length) };
  }
  return { value: null, rest: text };
}
