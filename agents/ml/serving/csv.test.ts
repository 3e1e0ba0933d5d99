import { expect, test } from "vitest";
import { parseCsv } from "./csv.ts";

const columnsOf = (text: string) => Object.fromEntries(parseCsv(text).columns);

test("reads quotes, line ends within them, a byte order mark and a missing last line end", () => {
  expect(columnsOf('\ufeffa,"b ""c""",d\r\n1,"x,\r\ny",\r\n,"",3')).toEqual({
    a: ["1", ""],
    'b "c"': ["x,\r\ny", ""],
    d: ["", "3"],
  });
});

test("an empty last line is no row, in a file of one column it is a missing value", () => {
  expect(columnsOf("a,b\n1,2\n\n")).toEqual({ a: ["1"], b: ["2"] });
  expect(columnsOf("a\n1\n\n")).toEqual({ a: ["1", ""] });
  expect(parseCsv("").rows).toBe(0);
});

test("refuses rows of another width, doubled names, open quotes and text behind one", () => {
  for (const [text, message] of [
    ["a,b\n1\n", /row 0 of the CSV has 1 cells, its header 2/],
    ["a,a\n1,2\n", /names a column twice/],
    ['a\n"1\n', /isn't closed/],
    ['a\n"1"2\n', /after a closing quote/],
  ] as const) {
    expect(() => parseCsv(text)).toThrow(message);
  }
});
