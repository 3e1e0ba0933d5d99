import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import { type CodedTable, codedColumn, groupsOf } from "./coded.ts";
import { findDependencies, fitOf } from "./dependencies.ts";
import { editDistance } from "./edit-distance.ts";
import { fenceOf } from "./far-numbers.ts";
import { shapeCodes } from "./shapes.ts";
import { findSuspects } from "./suspects.ts";
import { typoCodes } from "./typos.ts";

const repeat = (n: number, make: (i: number) => string | null) => Array.from({ length: n }, (_, i) => make(i));
const table = (columns: Record<string, (string | null)[]>): CodedTable => ({
  rows: Object.values(columns)[0]!.length,
  columns: Object.entries(columns).map(([name, cells]) => codedColumn(name, "text", cells)),
});
const named = ({ columns }: CodedTable, codes: ReadonlySet<number>, place = 0) =>
  [...codes].map((code) => columns[place]!.values[code]);

describe("how well one column tells another", () => {
  it("is the share of majorities, and μ by hand", () => {
    const x = codedColumn("x", "text", [..."aaaaaaaaaabbbbbbbbbb"]);
    const y = codedColumn("y", "text", [..."pppppppppqqqqqqqqqqq"]);
    const fit = fitOf(groupsOf(x.codes, 2), y)!;
    expect(fit.holds).toBeCloseTo(19 / 20, 12);
    // pdep(x → y) = (82/10 + 100/10)/20, pdep(y) = (81 + 121)/400, μ = 1 − (1 − pdep(x → y))/(1 − pdep(y)) · 19/18.
    expect(fit.strength).toBeCloseTo(1 - ((1 - 18.2 / 20) / (1 - 202 / 400)) * (19 / 18), 12);
    expect(fit).toMatchObject({ rows: 20, groups: 2 });
  });

  it("is nothing for columns that have nothing to do with each other, however many values they have", () => {
    const random = seededRandom(3);
    const cells = (n: number) => repeat(400, () => `v${Math.floor(random() * n)}`);
    expect(findDependencies(table({ a: cells(3), b: cells(40), c: cells(130), skewed: cells(1.03) }))).toEqual([]);
  });

  it("finds one column and pairs of columns, and no pair where one is enough", () => {
    const random = seededRandom(4);
    const pick = (n: number) => Math.floor(random() * n);
    const rows = Array.from({ length: 600 }, () => [pick(12), pick(5), pick(4)] as const);
    const found = findDependencies(
      table({
        zip: rows.map(([zip]) => `z${zip}`),
        city: rows.map(([zip]) => `c${zip >> 1}`),
        size: rows.map(([, size]) => `s${size}`),
        colour: rows.map(([, , colour]) => `k${colour}`),
        price: rows.map(([, size, colour]) => `p${(size * 7 + colour * 3) % 11}`),
      }),
    );
    const said = found.map(({ determinant, dependent }) => `${determinant.join("+")}→${dependent}`);
    expect(said).toContain("zip→city");
    expect(said.some((one) => /^(size\+colour|colour\+size)→price$/.test(one))).toBe(true);
    expect(said.filter((one) => one.endsWith("→city"))).toEqual(["zip→city"]);
  });
});

describe("slips of the pen", () => {
  it("are told by the distance to a common word, and cut off at the limit", () => {
    const cases: [string, string, number][] = [
      ["kitten", "sitting", 3],
      ["ca", "abc", 3],
      ["form", "from", 1],
      ["", "abc", 3],
      ["same", "same", 0],
    ];
    for (const [a, b, d] of cases) expect([a, b, editDistance(a, b, 5)]).toEqual([a, b, d]);
    expect(editDistance("kitten", "sitting", 1)).toBe(2);
  });

  it("are found in lists and in words of texts, and not among codes, names, or kinds that are only rare", () => {
    const list = table({ a: [...repeat(98, (i) => ["delivered", "cancelled"][i % 2]!), "delivred", "cancelld"] });
    expect(named(list, typoCodes(list.columns[0]!))).toEqual(["delivred", "cancelld"]);
    const words = table({ a: [...repeat(99, (i) => `${i} patients`), "77 paitents"] });
    expect(named(words, typoCodes(words.columns[0]!))).toEqual(["77 paitents"]);
    const codes = table({ a: [...repeat(98, (i) => `ward-${i % 2}`), "ward-7", "ward-8"] });
    expect(named(codes, typoCodes(codes.columns[0]!))).toEqual([]);
    const rare = table({ a: [...repeat(98, () => "delivered"), "returned", "lost"] });
    expect(named(rare, typoCodes(rare.columns[0]!))).toEqual([]);
    const names = table({
      a: [...repeat(40, () => "Maria Rossi"), ...repeat(60, (i) => `Mario ${"abcdefgh"[i % 8]}${i}x`)],
    });
    expect(named(names, typoCodes(names.columns[0]!))).toEqual([]);
  });
});

describe("shapes", () => {
  it("are suspected where nearly all are alike, and never where they vary", () => {
    const codes = table({ a: [...repeat(99, (i) => String(10_000 + i)), "1O044"] });
    expect(named(codes, shapeCodes(codes.columns[0]!))).toEqual(["1O044"]);
    const numbers = table({ a: [...repeat(98, (i) => (i % 30 === 0 ? `${i}` : `${i}.5`)), " ", "1x.5"] });
    expect(named(numbers, shapeCodes(numbers.columns[0]!))).toEqual([" ", "1x.5"]);
    const lengths = table({ a: repeat(100, (i) => `n${10 ** (i % 5)}`) });
    expect(shapeCodes(lengths.columns[0]!).size).toBe(0);
    const names = table({ a: [...repeat(99, (i) => "abcdefghij"[i % 10]!.repeat(4)), "O'Neil Smith-Jones"] });
    expect(shapeCodes(names.columns[0]!).size).toBe(0);
  });
});

describe("far numbers", () => {
  it("lie beyond a fence that a skew alone doesn't reach", () => {
    const random = seededRandom(5);
    const exponential = Float64Array.from({ length: 5000 }, () => -Math.log(1 - random()));
    const fence = fenceOf(exponential)!;
    expect(exponential.filter((x) => x < fence.low || x > fence.high).length).toBeLessThanOrEqual(5);
    const even = Float64Array.from({ length: 500 }, (_, i) => 100 + (i % 100) / 10);
    expect(fenceOf(even)!.high).toBeLessThan(200);
    expect(fenceOf(even.map((x) => (x < 109 ? 0 : x)))).toBeNull();
    expect(fenceOf(even.subarray(0, 30))).toBeNull();
  });
});

describe("suspected cells", () => {
  const city = (i: number) => ["Lyon", "Nantes", "Bilbao", "Verona"][i % 4]!;
  const country = (i: number) => ["France", "France", "Spain", "Italy"][i % 4]!;
  const clean = () => table({ city: repeat(400, city), country: repeat(400, country) });

  it("are none in a clean table, and none in an empty one", () => {
    expect(findSuspects(clean()).cells).toEqual([]);
    expect(findSuspects({ rows: 0, columns: [codedColumn("a", "text", [])] }).cells).toEqual([]);
  });

  it("name the column that is wrong, not the one it disagrees with", () => {
    const cells = { city: repeat(400, city), zip: repeat(400, (i) => `z${i % 4}`), country: repeat(400, country) };
    cells.city[1] = "Verona";
    const found = findSuspects(table(cells)).cells;
    expect(found).toEqual([{ row: 1, column: 0, because: ["dependency"] }]);
  });

  it("find cells in each other's place", () => {
    const cells = { city: repeat(400, city), country: repeat(400, country) };
    for (const row of [4, 40]) [cells.city[row], cells.country[row]] = [country(row), city(row)];
    const found = findSuspects(table(cells)).cells.map(({ row, column }) => `${row} ${column}`);
    expect(found.sort()).toEqual(["4 0", "4 1", "40 0", "40 1"]);
  });

  it("leave what is wrong by itself out before rules are looked for", () => {
    const slip = (i: number) => `Veron${"bcdefghijklmnopqrstuv"[Math.floor(i / 20)]}`;
    const cells = {
      zip: repeat(400, (i) => `z${i % 4}`),
      city: repeat(400, (i) => (i % 20 === 7 ? slip(i) : city(i))),
    };
    const { cells: found, dependencies } = findSuspects(table(cells));
    expect(found).toHaveLength(20);
    expect(found.every(({ because }) => because.join() === "typo")).toBe(true);
    expect(dependencies.find(({ dependent }) => dependent === "city")!.holds).toBe(1);
  });

  it("take an exception that another column explains for no mistake", () => {
    const cells = {
      code: repeat(400, (i) => `c${i % 4}`),
      region: repeat(400, (i) => (i % 25 === 0 ? "islands" : "mainland")),
      tax: repeat(400, (i) => (i % 25 === 0 ? "t9" : `t${i % 4}`)),
    };
    expect(findSuspects(table(cells)).cells).toEqual([]);
  });
});
