import type { Column } from "../domain/dataset.ts";
import type { Problem } from "../domain/problem.ts";
import { seededRandom } from "../random.ts";
import { columns, type TestTable } from "./testing.ts";
import { flatProblem, testProblem } from "./testing-problem.ts";

type Value = string | number | boolean | null;
export type Table = TestTable & { time: string | null; arrived: string | null };
/** A problem and its tables, the label's own first. */
export type World = { problem: Problem; tables: Record<string, Table> };

const HOUR = 3_600_000;
const moment = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
const day = (ms: number) => moment(ms).slice(0, 10);
const table = (time: string | null, arrived: string | null, schema: Column[], rows: Value[][]): Table => ({
  ...{ time, arrived, columns: schema, rows },
});

/** Card transactions with a label that is known two days later; what is known of them and of their payments grows with time. */
function transactions(): World {
  const random = seededRandom(21);
  const start = Date.UTC(2026, 0, 1);
  const now = start + 90 * 24 * HOUR;
  const log: Value[][] = [];
  const payments: Value[][] = [];
  const visits: Value[][] = [];
  for (let i = 0; i < 4000; i++) {
    const at = start + random() * (now - start);
    const card = `c${Math.floor(random() * 150)}`;
    const left = random() < 0.2;
    const settled = at + (random() < 0.2 ? 0 : 24 * HOUR * (1 + 6 * random()));
    const done = settled < now && random() < 0.8;
    log.push([
      ...[`r${i}`, card, `s${Math.floor(random() * 30)}`, moment(at), moment(at + HOUR * random())],
      ...[done ? moment(settled) : null, done ? 1 + random() * 9 : null, Math.round(random() * 1e4) / 100],
      ...[["a", "b", "c"][Math.floor(random() * 3)]!, left ? 1 + Math.floor(random() * 3) : 0],
      ...[
        `note ${Math.floor(random() * 1000)}`,
        Math.floor(random() * 5),
        Math.floor(random() * 9),
        left ? "yes" : "no",
      ],
    ]);
    const refunded = at + 24 * HOUR * (2 + 9 * random());
    const back = refunded < now && random() < 0.7;
    payments.push([
      ...[card, moment(at), moment(at + 2 * HOUR * random()), 5 + random() * 95, random() < 0.5 ? "cash" : "wire"],
      ...[back ? moment(refunded) : null, back ? 1 + random() * 5 : null],
    ]);
    visits.push([card, moment(at), day(at + 30 * 24 * HOUR), 1 + Math.floor(random() * 5)]);
  }
  const shops = Array.from({ length: 30 }, (_, i): Value[] => [`s${i}`, `m${i % 7}`, 10 + i, i % 2 ? "x" : "y"]);
  const malls = Array.from({ length: 7 }, (_, i): Value[] => [`m${i}`, 100 * i, `p${i}`]);
  return {
    problem: flatProblem({
      ...{ dataset: "log", entity: "id", time: "at", labelDelayDays: 2, now: new Date(now).toISOString() },
      exclusions: ["visitor", "payments.method"],
      holdout: { kind: "last_time", share: 0.2, time: "at" },
    }),
    tables: {
      log: table(
        "at",
        "loaded",
        columns(
          "id:text",
          "card:text",
          "shop:text",
          "at:timestamp",
          "loaded:timestamp",
          "settled:timestamp",
          "fee:number",
          "amount:number",
          "kind:text",
          "scenario:integer",
          "note:text",
          "visitor:integer",
          "nr:integer",
          "left:text",
        ),
        log,
      ),
      payments: table(
        "at",
        "loaded",
        columns(
          "card:text",
          "at:timestamp",
          "loaded:timestamp",
          "paid:number",
          "method:text",
          "refunded:timestamp",
          "refund:number",
        ),
        payments,
      ),
      visits: table("at", null, columns("card:text", "at:timestamp", "due:date", "stars:integer"), visits),
      shops: table(null, null, columns("shop:text", "mall:text", "size:integer", "class:text"), shops),
      malls: table(null, null, columns("mall:text", "area:integer", "place:text"), malls),
    },
  };
}

/** Contracts that end, a reason that comes with the end, and accounts whose tier is overwritten. */
function contracts(): World {
  const random = seededRandom(22);
  const start = Date.UTC(2024, 0, 1);
  const now = Date.UTC(2026, 5, 30);
  const rows: Value[][] = [];
  const accounts: Value[][] = [];
  const usage: Value[][] = [];
  for (let i = 0; i < 800; i++) {
    const from = start + random() * (Date.UTC(2025, 4, 1) - start);
    const to = from + 24 * HOUR * (300 + random() * 900);
    const over = to < now;
    rows.push([
      `c${i}`,
      `g${i % 5}`,
      day(from),
      over ? day(to) : null,
      over ? "moved" : null,
      over ? "closed" : "open",
      10 + random() * 20,
    ]);
    accounts.push([`c${i}`, ["gold", "plain"][i % 2]!, moment(now - random() * 300 * 24 * HOUR), i % 40]);
    for (let w = 0; w < 20; w++) {
      const at = from + random() * (now - from);
      usage.push([`c${i}`, day(at), moment(at + 30 * HOUR), random() * 100]);
    }
  }
  return {
    problem: testProblem(),
    tables: {
      contracts: table(
        "start",
        null,
        columns("customer:text", "region:text", "start:date", "end:date", "reason:text", "state:text", "fee:number"),
        rows,
      ),
      accounts: table(
        null,
        null,
        columns("customer:text", "tier:text", "tier_updated_at:timestamp", "nr:integer"),
        accounts,
      ),
      usage: table(
        "week",
        "loaded",
        columns("customer:text", "week:date", "loaded:timestamp", "minutes:number"),
        usage,
      ),
    },
  };
}

/** Two problems with their tables. */
export const worlds: Record<string, World> = { log: transactions(), contracts: contracts() };
