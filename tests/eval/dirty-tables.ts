import { normal, seededRandom } from "@muster/shared/random.ts";

/** A made-up table by columns of texts; null is missing. */
export type Table = Record<string, (string | null)[]>;

/** What was planted: slips of the pen, cells of a row in each other's place, a wrong unit, a value that belongs to another group, a damaged code. */
export const damages = ["typo", "swapped", "unit", "dependency", "code"] as const;
export type Damage = (typeof damages)[number];

/** A dirty table and its wrong cells, keyed `row column`, with what was done to each. */
export type Dirty = { name: string; table: Table; wrong: Map<string, Damage> };

/** How a domain's columns can be damaged. */
type Domain = {
  name: string;
  rows: number;
  make: (random: () => number) => Table;
  typo: string[];
  swapped: [string, string][];
  unit: string[];
  dependency: string[];
  code: string[];
};

const pick = <T>(list: readonly T[], random: () => number): T => list[Math.floor(random() * list.length)]!;
/** Skewed as names and places are: the first of a list are the most frequent. */
const skewed = <T>(list: readonly T[], random: () => number): T => list[Math.floor(random() ** 2 * list.length)]!;
const columns = (rows: number, row: (i: number) => Record<string, string | null>): Table => {
  const all = Array.from({ length: rows }, (_, i) => row(i));
  return Object.fromEntries(Object.keys(all[0]!).map((name) => [name, all.map((one) => one[name]!)]));
};

const towns = [
  ["Lyon", "69001", "France"],
  ["Nantes", "44000", "France"],
  ["Toulouse", "31000", "France"],
  ["Hamburg", "20095", "Germany"],
  ["Leipzig", "04109", "Germany"],
  ["Stuttgart", "70173", "Germany"],
  ["Dresden", "01067", "Germany"],
  ["Bologna", "40121", "Italy"],
  ["Verona", "37121", "Italy"],
  ["Gothenburg", "41104", "Sweden"],
  ["Uppsala", "75310", "Sweden"],
  ["Sevilla", "41001", "Spain"],
  ["Valencia", "46002", "Spain"],
  ["Bilbao", "48001", "Spain"],
] as const;
const goods =
  "kettle,toaster,blender,desk lamp,office chair,standing desk,bookshelf,garden hose,ladder,drill,paint roller,curtain rod".split(
    ",",
  );
const given =
  "Ana,Bela,Chiara,David,Erik,Fatima,Goran,Hanna,Ines,Jonas,Karim,Lena,Mats,Nora,Oskar,Paula,Rita,Sven,Tara,Ugo".split(
    ",",
  );
const family =
  "Adler,Bianchi,Costa,Dupont,Eriksson,Fischer,Garcia,Holm,Ivanov,Jensen,Keller,Lopez,Moreau,Novak,Olsen,Petit,Rossi,Silva".split(
    ",",
  );

const shop: Domain = {
  name: "shop",
  rows: 3000,
  make: (random) => {
    const prices = goods.map(() => (5 + random() * 200).toFixed(2));
    return columns(3000, (i) => {
      const [city, zip, country] = skewed(towns, random);
      const good = Math.floor(random() * goods.length);
      return {
        order_no: `SO-${String(40_000 + i)}`,
        customer: `${pick(given, random)} ${pick(family, random)}`,
        city,
        zip,
        country,
        article: goods[good]!,
        price: prices[good]!,
        weight_kg: Math.exp(normal(random) * 0.6 + 1).toFixed(3),
        state: skewed(["delivered", "shipped", "returned", "cancelled"], random),
      };
    });
  },
  typo: ["city", "country", "article", "state"],
  swapped: [
    ["city", "country"],
    ["article", "state"],
  ],
  unit: ["weight_kg"],
  dependency: ["country", "city"],
  code: ["order_no", "zip"],
};

const plants = ["north", "south", "harbour", "airport", "old mill", "riverside", "quarry", "hilltop"];
const sensors: Domain = {
  name: "sensors",
  rows: 5000,
  make: (random) =>
    columns(5000, () => {
      const station = Math.floor(random() * 40);
      const plant = plants[station % plants.length]!;
      return {
        station: `ST${String(station).padStart(3, "0")}`,
        plant,
        operator: ["Vattena", "Norsk Data", "Helio"][(station % plants.length) % 3]!,
        model: `${["AX", "BT", "CQ"][station % 3]}-${100 + (station % 5)}`,
        celsius: (12 + normal(random) * 6).toFixed(2),
        hectopascal: (1013 + normal(random) * 8).toFixed(1),
        flow: Math.exp(normal(random) * 0.8 + 3).toFixed(2),
        quality: skewed(["good", "fair", "poor"], random),
      };
    }),
  typo: ["plant", "operator", "quality"],
  swapped: [
    ["plant", "operator"],
    ["operator", "quality"],
  ],
  unit: ["celsius", "hectopascal", "flow"],
  dependency: ["plant", "model", "operator"],
  code: ["station", "model"],
};

const departments = ["Accounting", "Purchasing", "Logistics", "Research", "Marketing", "Legal", "Facilities"];
const staff: Domain = {
  name: "staff",
  rows: 2000,
  make: (random) =>
    columns(2000, (i) => {
      const department = Math.floor(random() ** 1.5 * departments.length);
      const [first, last] = [pick(given, random), pick(family, random)];
      return {
        badge: `E${String(10_000 + i)}`,
        first_name: first,
        last_name: last,
        email: `${first}.${last}${i}@firm.example`.toLowerCase(),
        department: departments[department]!,
        cost_centre: `CC-${(department + 3) * 110}`,
        building: ["Main House", "Annex", "Workshop"][department % 3]!,
        salary: String(Math.round(Math.exp(normal(random) * 0.3 + 10.7))),
        contract: skewed(["permanent", "temporary", "apprentice"], random),
      };
    }),
  typo: ["department", "building", "contract"],
  swapped: [["department", "building"]],
  unit: ["salary"],
  dependency: ["department", "building", "cost_centre"],
  code: ["badge", "cost_centre"],
};

/** The made-up domains. */
export const domains: readonly Domain[] = [shop, sensors, staff];

const letters = "abcdefghijklmnopqrstuvwxyz";

function misspelt(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length);
  const [before, rest] = [text.slice(0, at), text.slice(at + 1)];
  const kind = Math.floor(random() * 4);
  if (kind === 0 && text.length > 3) return before + rest;
  if (kind === 1) return before + text[at] + text[at] + rest;
  if (kind === 2 && rest.length > 0 && rest[0] !== text[at]) return before + rest[0] + text[at] + rest.slice(1);
  return (
    before +
    pick(
      [...letters].filter((letter) => letter !== text[at]),
      random,
    ) +
    rest
  );
}

/** A code as hands and scanners damage it: a letter for a digit, a mark left out, a digit lost. */
function broken(code: string, random: () => number): string {
  const at = Math.floor(random() * code.length);
  if (/\d/.test(code[at]!) && random() < 0.7)
    return code.slice(0, at) + pick([..."OIlSB"], random) + code.slice(at + 1);
  return code.slice(0, at) + code.slice(at + 1);
}

/** The clean table of a domain. */
export const cleanTable = (domain: Domain, seed: number): Table => domain.make(seededRandom(seed));

/** The same table with about `share` of each kind's cells damaged; a row is damaged once. */
export function dirtyTable(domain: Domain, seed: number, share = 0.01): Dirty {
  const clean = cleanTable(domain, seed);
  const table = structuredClone(clean);
  const random = seededRandom(seed + 1);
  const wrong: Dirty["wrong"] = new Map();
  const spoil = (row: number, column: string, to: string, damage: Damage) => {
    if (to === clean[column]![row]) return;
    table[column]![row] = to;
    wrong.set(`${row} ${column}`, damage);
  };
  for (let row = 0; row < domain.rows; row++) {
    if (random() >= share * damages.length) continue;
    const damage = pick(damages, random);
    const cell = (column: string) => clean[column]![row]!;
    if (damage === "swapped") {
      const [a, b] = pick(domain.swapped, random);
      spoil(row, a, cell(b), damage);
      spoil(row, b, cell(a), damage);
      continue;
    }
    const column = pick(domain[damage], random);
    const to = {
      typo: () => misspelt(cell(column), random),
      unit: () => String(Number((Number(cell(column)) * pick([1000, 0.001, 100], random)).toPrecision(6))),
      dependency: () => pick(clean[column]!, random)!,
      code: () => broken(cell(column), random),
    }[damage]();
    spoil(row, column, to, damage);
  }
  return { name: domain.name, table, wrong };
}
