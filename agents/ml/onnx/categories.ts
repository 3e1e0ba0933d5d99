import type { EncodedColumn } from "../fitted.ts";
import type { GraphBuilder, Value } from "./graph.ts";
import { runtimeText } from "./inputs.ts";
import type { EncodedBlock } from "./numbers.ts";

type Place = { index: number; column: EncodedColumn };

/**
 * Every column that comes from a category input. Each input's text becomes a code once (LabelEncoder: 0 missing,
 * 1… its known categories, the last one for anything unseen); equality columns compare codes and statistic columns
 * look the code up in a table. So the cost of a row is one hash per category input, whatever the encodings.
 */
export function categoryBlocks(g: GraphBuilder, inputs: Map<number, Value>, places: Place[]): EncodedBlock[] {
  const used = [...new Set(places.map(({ column }) => column.input))].sort((a, b) => a - b);
  if (used.length === 0) return [];
  const books = used.map((input) => codeBook(places.filter(({ column }) => column.input === input)));
  const codes = g.sideBySide(used.map((input, i) => encodeInput(g, inputs.get(input)!, books[i]!)));
  const slot = new Map(used.map((input, i) => [input, i]));
  const bookOf = (column: EncodedColumn) => books[slot.get(column.input)!]!;
  const codesOf = (some: Place[]) =>
    g.columns(
      codes,
      used.length,
      some.map(({ column }) => slot.get(column.input)!),
    );

  const blocks: EncodedBlock[] = [];
  const equal = places.filter(({ column }) => column.op === "one_hot" || column.op === "missing");
  if (equal.length > 0) {
    const wanted = equal.map(
      ({ column }) => bookOf(column).get(column.op === "one_hot" ? runtimeText(column.category) : "")!,
    );
    const value = g.node("Equal", [codesOf(equal), g.constant("int64", [1, wanted.length], wanted)]);
    blocks.push({ value, type: "bool", encoded: equal.map(({ index }) => index) });
  }
  const looked = places.filter(({ column }) => column.op === "target" || column.op === "ordinal");
  if (looked.length > 0) {
    const tables = looked.map(({ column }) => tableOf(column, bookOf(column)));
    let start = 0;
    const starts = tables.map((table) => {
      start += table.length;
      return start - table.length;
    });
    const at = g.node("Add", [codesOf(looked), g.constant("int64", [1, starts.length], starts)]);
    const value = g.node("Gather", [g.constant("double", [start], tables.flat()), at], [{ name: "axis", int: 0 }]);
    blocks.push({ value, type: "double", encoded: looked.map(({ index }) => index) });
  }
  return blocks;
}

/** The code of every category that a column of this input names; "" (missing) is 0. */
function codeBook(places: Place[]): Map<string, number> {
  const book = new Map([["", 0]]);
  for (const { column } of places) {
    for (const category of categoriesOf(column)) {
      const text = runtimeText(category);
      if (!book.has(text)) book.set(text, book.size);
    }
  }
  return book;
}

function categoriesOf(column: EncodedColumn): string[] {
  if (column.op === "one_hot") return [column.category];
  if (column.op === "target") return Object.keys(column.values);
  return column.op === "ordinal" ? column.categories : [];
}

const encodeInput = (g: GraphBuilder, input: Value, book: Map<string, number>): Value =>
  g.node(
    "LabelEncoder",
    [input],
    [
      { name: "keys_strings", texts: [...book.keys()] },
      { name: "values_int64s", ints: [...book.values()] },
      { name: "default_int64", int: book.size },
    ],
    "ai.onnx.ml",
  );

/** A column's value per code, the unseen one last: the prior for `target` (also when missing), NaN for `ordinal`. */
function tableOf(column: EncodedColumn, book: Map<string, number>): number[] {
  if (column.op === "target") {
    const table = new Array<number>(book.size + 1).fill(column.prior);
    for (const [category, value] of Object.entries(column.values)) {
      if (category !== "") table[book.get(runtimeText(category))!] = value;
    }
    return table;
  }
  const table = new Array<number>(book.size + 1).fill(Number.NaN);
  if (column.op === "ordinal") {
    column.categories.forEach((category, rank) => {
      table[book.get(runtimeText(category))!] = rank;
    });
  }
  return table;
}
