import { seededRandom } from "@muster/shared/random.ts";

/** What a foreign key is named by: the table it points at, a role, or nothing that says so. */
export const namings = ["table", "role", "none"] as const;
export type Naming = (typeof namings)[number];

type Side = { dataset: string; column: string };
/** A made-up schema: each table as SQL that makes its rows, and the keys that hold between them. */
export type MadeSchema = {
  tables: { name: string; sql: string }[];
  keys: { left: Side; right: Side; naming: Naming }[];
};

const nouns = (
  "account,agent,basket,branch,carrier,clinic,contract,course,depot,device,doctor,driver,event,factory,farm,flight,guest,hotel,lease," +
  "lesson,machine,member,meter,parcel,patient,plant,player,policy,project,route,school,seller,sensor,ship,student,team,tenant,ticket,trip,truck,vendor,visit"
).split(",");
const roles =
  "handled_by,sent_to,shipped_via,booked_for,assigned_to,created_by,taken_from,stored_at,covered_by,made_in".split(",");

type Key = { name: string; column: string; rows: number; of: (i: string) => string };

/**
 * Makes a schema by a seed: four to eight tables of 25 to 3,000 rows. Keys are 1, 2, 3 …, begin at some thousand, have gaps,
 * or are codes or hashes; three in ten foreign keys are partly missing. Beside them stand what overlaps keys by chance: counts from
 * 1 up, ages, years, scores, flags, categories, and whole numbers with a name that says nothing.
 */
export function madeSchema(seed: number): MadeSchema {
  const random = seededRandom(1000 + seed);
  const below = (n: number) => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const left = [...nouns];
  const take = () => left.splice(below(left.length), 1)[0]!;
  const done: Key[] = [];
  const schema: MadeSchema = { tables: [], keys: [] };
  for (let t = 4 + below(5); t > 0; t--) {
    const noun = take();
    const name = random() < 0.5 ? `${noun}s` : noun;
    const rows = Math.round(25 * 120 ** random());
    const key: Key = {
      ...{ name, rows, column: pick(["id", `${noun}_id`, `${noun}_no`, "k"]) },
      of: keyStyle(below(5), below(9000), noun),
    };
    const columns = [`${key.of("i")} AS ${key.column}`];
    const free = [...roles];
    for (let f = done.length === 0 ? 0 : below(Math.min(3, done.length) + 1); f > 0; f--) {
      const to = done.splice(below(done.length), 1)[0]!;
      done.push(to);
      const naming = pick(namings);
      const column =
        naming === "table"
          ? `${to.name.replace(/s$/, "")}_${pick(["id", "no"])}`
          : naming === "role"
            ? free.splice(below(free.length), 1)[0]!
            : `f${columns.length}`;
      if (columns.some((one) => one.endsWith(` AS ${column}`))) continue;
      const at = `CAST(hash(i * ${31 + 2 * below(500)} + ${below(1e6)}) % ${to.rows} AS BIGINT)`;
      const missing =
        random() < 0.3 ? `CASE WHEN hash(i + ${below(1e6)}) % 10 = 0 THEN NULL ELSE ${to.of(at)} END` : to.of(at);
      columns.push(`${missing} AS ${column}`);
      schema.keys.push({ left: { dataset: name, column }, right: { dataset: to.name, column: to.column }, naming });
    }
    for (let c = 2 + below(4); c > 0; c--) columns.push(chanceColumn(columns.length, below, pick));
    schema.tables.push({ name, sql: `SELECT ${columns.join(", ")} FROM range(${rows}) t(i)` });
    done.push(key);
  }
  return schema;
}

/** How a row's number becomes its key. */
function keyStyle(style: number, offset: number, noun: string): (i: string) => string {
  if (style === 0) return (i) => `${i} + 1`;
  if (style === 1) return (i) => `${i} + ${1000 + offset}`;
  if (style === 2) return (i) => `${i} * 37 + (${i} * ${i}) % 31 + ${offset}`;
  if (style === 3) return (i) => `'${noun.slice(0, 2).toUpperCase()}-' || lpad(CAST(${i} * 7 AS VARCHAR), 6, '0')`;
  return (i) => `md5('${noun}' || CAST(${i} AS VARCHAR))`;
}

function chanceColumn(at: number, below: (n: number) => number, pick: <T>(list: readonly T[]) => T): string {
  const draw = (n: number) => `CAST(hash(i * 17 + ${below(1e6)}) % ${n} AS BIGINT)`;
  return pick([
    () => `${draw(40)} + 1 AS quantity_${at}`,
    () => `${draw(70)} + 18 AS age_${at}`,
    () => `${draw(35)} + 1990 AS year_${at}`,
    () => `${draw(101)} AS score_${at}`,
    () => `${draw(2)} AS flag_${at}`,
    () => `${draw(25 + below(200))} + 1 AS x${at}`,
    () => `chr(65 + CAST(${draw(5)} AS INTEGER)) AS kind_${at}`,
    () => `'n' || ${draw(500)} AS label_${at}`,
    () => `round(${draw(100000)} / 7.0, 2) AS amount_${at}`,
  ])();
}
