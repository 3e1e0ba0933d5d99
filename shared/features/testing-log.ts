import type { Feature } from "../domain/feature.ts";
import { columns } from "./testing.ts";
import { flatProblem } from "./testing-problem.ts";

/** The columns of an event log: two keys, two times, an arrival, and values of every type. */
export const logSchema = columns(
  "id:text",
  "card:text",
  "shop:text",
  "other:text",
  "at:timestamp",
  "loaded:timestamp",
  "settled:timestamp",
  "amount:number",
  "units:integer",
  "online:boolean",
  "kind:text",
  "nr:integer",
  "left:text",
);
/** A problem whose rows are the events of `log`. */
export const logProblem = flatProblem({
  dataset: "log",
  entity: "id",
  time: "at",
  holdout: { kind: "last_time", share: 0.2, time: "at" },
});
type Window = Extract<Feature, { kind: "window" }>;
const DAY = 1;
const by = (key: string) => ({ table: "log", key, localKey: key, time: "at", arrived: null });
const window = (name: string, rest: Partial<Window>): Feature => ({
  ...{
    kind: "window" as const,
    name,
    ...by("card"),
    aggregate: "count" as const,
    column: null,
    days: DAY,
    where: null,
  },
  ...rest,
});

/** Every kind over the own past, each by windows and by what only a join can answer. */
const kinds = (prefix: string, more: Partial<Window>): Feature[] => {
  const joined = { ...by("card"), ...more };
  const trend = { kind: "window_ratio", ...joined, shortDays: 0.5, longDays: 2, where: null } as const;
  return [
    window(`${prefix}n`, more),
    window(`${prefix}n_10min`, { ...more, days: 10 / 1440 }),
    window(`${prefix}n_all`, { ...more, days: null }),
    window(`${prefix}known`, { ...more, column: "amount" }),
    window(`${prefix}sum`, { ...more, aggregate: "sum", column: "amount" }),
    window(`${prefix}units`, { ...more, aggregate: "sum", column: "units", days: 7 }),
    window(`${prefix}mean`, { ...more, aggregate: "mean", column: "amount", days: null }),
    window(`${prefix}share`, { ...more, aggregate: "mean", column: "online", days: 3 }),
    window(`${prefix}least`, { ...more, aggregate: "min", column: "amount" }),
    window(`${prefix}most`, { ...more, aggregate: "max", column: "units", days: 2.5 }),
    window(`${prefix}kinds`, { ...more, aggregate: "distinct", column: "kind", days: 3 }),
    window(`${prefix}a`, { ...more, where: { column: "kind", equals: "a" } }),
    window(`${prefix}none`, { ...more, days: 3, where: { column: "kind", equals: null } }),
    { ...trend, name: `${prefix}trend`, aggregate: "count", column: null },
    { ...trend, name: `${prefix}trend_sum`, aggregate: "sum", column: "units" },
    { kind: "recency_days", name: `${prefix}since`, ...joined },
    { kind: "mean_ratio", name: `${prefix}to_mean`, ...joined, column: "amount", days: null },
    { kind: "mean_ratio", name: `${prefix}to_mean_2d`, ...joined, column: "units", days: 2 },
    { kind: "lag", name: `${prefix}last`, ...joined, column: "amount", type: "number", back: 1 },
    { kind: "lag", name: `${prefix}third`, ...joined, column: "kind", type: "text", back: 3 },
  ] as Feature[];
};
/** Features of every kind over the own past, in every way to compile them. */
export const logFeatures: Feature[] = [
  ...kinds("w_", {}),
  ...kinds("shop_", by("shop")),
  ...kinds("arrived_", { arrived: "loaded" }),
  ...kinds("ordered_", { order: "nr" }),
  ...kinds("both_", { arrived: "loaded", order: "nr" }),
  ...kinds("other_", { key: "other", localKey: "card" }),
  window("dates", { aggregate: "count", column: "settled", days: null }),
  { kind: "mean_ratio", name: "to_mean_then", ...by("card"), column: "amount", days: null, filledBy: "settled" },
  window("sum_then", { aggregate: "sum", column: "amount", days: null, filledBy: "settled" }),
  { kind: "lag", name: "last_then", ...by("card"), column: "kind", type: "text", back: 1, filledBy: "settled" },
];

type Value = string | number | boolean | null;
/** A log with many rows of one moment, missing keys, times and values, and rows that arrive late. */
export function eventLog(random: () => number, rows: number): Record<string, Value>[] {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const rarely = <T>(make: () => T): T | null => (random() < 0.08 ? null : make());
  const moment = (micros: number) =>
    new Date(micros / 1000).toISOString().slice(0, 23).replace("T", " ") + String(micros % 1000).padStart(3, "0");
  return Array.from({ length: rows }, (_, i) => {
    // Twenty days in steps of a quarter of an hour: windows' ends meet rows exactly; some a microsecond off.
    const at = 1_767_225_600_000_000 + Math.floor(random() * 1920) * 900_000_000 + pick([0, 0, 0, 1, -1]);
    return {
      id: `r${i}`,
      card: rarely(() => pick(["c1", "c2", "c3", "c4"])),
      shop: rarely(() => `s${Math.floor(random() * 40)}`),
      other: rarely(() => pick(["c1", "c2", "c9"])),
      at: rarely(() => moment(at)),
      loaded: rarely(() => moment(at + pick([0, 0, 1, 3_600_000_000, 90_000_000_000]))),
      settled: random() < 0.5 ? null : moment(at + pick([-1, 1, 200]) * 3_600_000_000),
      amount: rarely(() => Math.round((random() - 0.2) * 1e5) / 100),
      units: rarely(() => Math.floor(random() * 9)),
      online: rarely(() => random() < 0.5),
      kind: rarely(() => pick(["a", "b", "c", ""])),
      nr: rarely(() => Math.floor(random() * 4)),
      left: pick(["yes", "no"]),
    };
  });
}
