import { fault } from "./fault.ts";

/**
 * The shortest text that a regular expression's source describes: the first branch of a choice, the fewest repeats, the
 * first letter of a class. For what schemas are written with: literals, classes, groups, choices, quantifiers, anchors.
 * Throws `invalid_input` naming a construct it doesn't know (look-around, back references).
 */
export function smallestText(source: string): string {
  const reader = { source, at: 0 };
  const text = choice(reader);
  if (reader.at < source.length) throw unknown(reader);
  return text;
}

type Reader = { source: string; at: number };

const unknown = ({ source, at }: Reader) =>
  fault("invalid_input", `no text can be made for ${JSON.stringify(source.slice(at, at + 12))} of a pattern`);
const peek = ({ source, at }: Reader): string => source[at] ?? "";
const take = (reader: Reader): string => reader.source[reader.at++] ?? "";

function choice(reader: Reader): string {
  const branches = [sequence(reader)];
  while (peek(reader) === "|") {
    take(reader);
    branches.push(sequence(reader));
  }
  return branches[0]!;
}

function sequence(reader: Reader): string {
  let text = "";
  while (reader.at < reader.source.length && peek(reader) !== "|" && peek(reader) !== ")") {
    const piece = atom(reader);
    text += piece.repeat(fewest(reader));
  }
  return text;
}

function atom(reader: Reader): string {
  const letter = take(reader);
  if (letter === "^" || letter === "$") return "";
  if (letter === ".") return "a";
  if (letter === "[") return firstOfClass(reader);
  if (letter === "\\") return escaped(reader);
  if (letter !== "(") return letter;
  if (peek(reader) === "?") {
    const opening = /^\?(?::|<[A-Za-z_]\w*>)/.exec(reader.source.slice(reader.at));
    if (!opening) throw unknown(reader);
    reader.at += opening[0].length;
  }
  const inner = choice(reader);
  if (take(reader) !== ")") throw unknown(reader);
  return inner;
}

const classes: Record<string, string> = { d: "0", w: "a", s: " ", S: "a", D: "a", W: " ", n: "\n", t: "\t", r: "\r" };

function escaped(reader: Reader): string {
  const letter = take(reader);
  if (letter in classes) return classes[letter]!;
  if (letter === "b" || letter === "B") return "";
  if (/[1-9pPukxc]/.test(letter)) throw unknown(reader);
  return letter;
}

/** The first letter of a class; of one that excludes letters, the first of a few common ones that it doesn't. */
function firstOfClass(reader: Reader): string {
  const from = reader.at - 1;
  const excludes = peek(reader) === "^";
  if (excludes) take(reader);
  const letter = take(reader);
  const first = letter === "\\" ? escaped(reader) : letter;
  while (peek(reader) !== "]") {
    if (take(reader) === "\\") take(reader);
    if (reader.at >= reader.source.length) throw unknown(reader);
  }
  take(reader);
  if (!excludes) return first;
  const whole = new RegExp(`^${reader.source.slice(from, reader.at)}$`);
  const other = [..."a0A _-.,:/"].find((letter) => whole.test(letter));
  if (other === undefined) throw unknown({ ...reader, at: from });
  return other;
}

function fewest(reader: Reader): number {
  const quantifier = /^(?:([*+?])|\{(\d+)(?:,\d*)?\})\??/.exec(reader.source.slice(reader.at));
  if (!quantifier) return 1;
  reader.at += quantifier[0].length;
  return quantifier[2] === undefined ? (quantifier[1] === "+" ? 1 : 0) : Number(quantifier[2]);
}
