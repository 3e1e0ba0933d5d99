import type { Column } from "@muster/shared/domain/dataset.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { momentOf } from "@muster/shared/features/horizon.ts";
import { NUMERIC, TEMPORAL } from "@muster/shared/features/schema.ts";
import { featureName, keyNamed } from "./names.ts";
import { textLike } from "./own-candidates.ts";
import { hasCutoffs, type ScopeTable } from "./scope.ts";

/** A related table and the columns by which its rows meet the entity's own; `via`: the table between, where there is one. */
export type Related = {
  table: ScopeTable;
  key: string;
  localKey: string;
  unique: boolean;
  columns: Column[];
  via?: { table: string; key: string; column: string };
};

const DAYS = [10 / 1440, 1 / 24, 1, 7, 30, 90, 180, 365];
const MOST_WINDOWS = 3;
const MOST_VALUES = 5;
const MOST_MEASURES = 5;
const LOW_CARDINALITY = 12;
const MOST_LAGS = 2;
/** What is usual is told from no more than so many days. */
const USUAL_DAYS = 30;

/** "7d", "1h", "10min": a window's length in a name. */
export const windowName = (days: number): string =>
  days >= 1 ? `${days}d` : days * 24 >= 1 ? `${Math.round(days * 24)}h` : `${Math.round(days * 1440)}min`;

/** Whether windows of less than a week mean something: rows with a time of day, each asked for at its own moment. */
const isFine = ({ manifest }: ScopeTable, problem: Problem): boolean =>
  problem.cutoffs.training.length === 0 && manifest.columns.find((c) => c.name === manifest.time)!.type === "timestamp";

/** The windows no longer than what lies before the earliest training cutoff, so that a window means the same at every cutoff. */
function possibleWindows(table: ScopeTable, problem: Problem): number[] {
  const time = table.stats[table.manifest.time!];
  if (!time || time.min === null || time.max === null || time.max <= time.min) return [];
  const first = problem.cutoffs.training[0];
  const history = first === undefined ? (time.max - time.min) / 3 : momentOf(first).getTime() / 86_400_000 - time.min;
  return DAYS.filter((days) => (days >= 7 || isFine(table, problem)) && days <= history * 1.05);
}

/** Of the possible windows those that a table's density in time bears: at least 1.5 events per key on average. */
export function windowsOf(table: ScopeTable, key: string, problem: Problem): number[] {
  const possible = possibleWindows(table, problem);
  if (possible.length === 0) return [];
  const { min, max } = table.stats[table.manifest.time!]!;
  const perDay = table.manifest.rows / Math.max(1, table.stats[key]?.distinct ?? 1) / (max! - min!);
  const dense = possible.filter((days) => days < 1 || perDay * days >= 1.5);
  const chosen = dense.length >= 2 ? dense : possible.slice(-2);
  // The shortest shows what just happened, the longest what is usual; the middle one follows their gap.
  if (chosen.length <= MOST_WINDOWS) return chosen;
  if (isFine(table, problem)) return [chosen[0]!, ...chosen.filter((d) => d === 1 || d === 7)];
  return chosen.slice(0, MOST_WINDOWS);
}

function lookups({ table, key, localKey, columns, via }: Related, problem: Problem): Feature[] {
  const { name, time, arrived } = table.manifest;
  const timed = hasCutoffs(problem);
  const when = { time: timed ? time : null, arrived: timed ? arrived : null };
  const joined = { table: name, key, localKey, ...when, ...(via && { via }) };
  return columns.flatMap((c): Feature[] => {
    const label = featureName(name, c.name);
    if (TEMPORAL.includes(c.type)) {
      return timed ? [{ kind: "lookup_age_days", name: `${label}_age_days`, ...joined, column: c.name }] : [];
    }
    if (c.type === "text" && textLike(table.stats[c.name]!)) return [];
    return [{ kind: "lookup", name: label, ...joined, column: c.name, type: c.type }];
  });
}

function windows({ table, key, localKey, columns, via }: Related, problem: Problem): Feature[] {
  const { name: dataset, time, arrived } = table.manifest;
  const joined = { table: dataset, key, localKey, time: time!, arrived, ...(via && { via }) };
  // A table's own past is told apart by the key that comes again.
  const name = dataset === problem.dataset ? featureName(key, "past") : dataset;
  const days = windowsOf(table, key, problem);
  if (days.length === 0) return [{ kind: "recency_days", name: featureName(name, "since_days"), ...joined }];
  type Window = Extract<Feature, { kind: "window" }>;
  const window = (label: string[], w: number, rest: Pick<Window, "aggregate" | "column" | "where">): Feature => ({
    kind: "window",
    name: featureName(name, ...label, windowName(w)),
    ...joined,
    days: w,
    ...rest,
  });
  // A number that names something is counted, never added up.
  const measures = columns.filter((c) => NUMERIC.includes(c.type) && !keyNamed(c)).slice(0, MOST_MEASURES);
  const kinds = columns.filter((c) => keyNamed(c) || (c.type === "text" && table.stats[c.name]!.distinct <= 1000));
  const own = dataset === problem.dataset;
  const isPast = own && time === problem.time;
  const before = (own ? measures : []).slice(0, MOST_LAGS).map(
    (c): Feature => ({
      ...{ kind: "lag", name: featureName(name, "last", c.name), ...joined, column: c.name, type: c.type, back: 1 },
    }),
  );
  const usualDays = Math.max(...possibleWindows(table, problem).filter((d) => d <= USUAL_DAYS));
  const usual = (isPast ? measures : [])
    .filter((c) => c.type !== "boolean")
    .map(
      (c): Feature => ({
        ...{ kind: "mean_ratio", name: featureName(c.name, "per", key, "mean", windowName(usualDays)), ...joined },
        ...{ column: c.name, days: usualDays },
      }),
    );
  const [short, long] = [days[0]!, days.at(-1)!];
  const trend = (label: string[], aggregate: "count" | "sum", column: string | null): Feature[] =>
    short === long
      ? []
      : [
          {
            kind: "window_ratio",
            name: featureName(name, ...label, windowName(short), "per", windowName(long)),
            ...joined,
            aggregate,
            column,
            shortDays: short,
            longDays: long,
            where: null,
          },
        ];
  const per = (w: number): Feature[] => [
    window(["count"], w, { aggregate: "count", column: null, where: null }),
    ...measures.flatMap((c) =>
      (["sum", "mean", "min", "max"] as const)
        .filter((aggregate) => c.type !== "boolean" || aggregate === "mean")
        .map((aggregate) => window([aggregate, c.name], w, { aggregate, column: c.name, where: null })),
    ),
    ...kinds.flatMap((c) => {
      const s = table.stats[c.name]!;
      const counted = s.distinct <= LOW_CARDINALITY ? s.top.slice(0, MOST_VALUES) : [];
      const count = (label: string, equals: string | null) =>
        window(["count", c.name, label], w, { aggregate: "count", column: null, where: { column: c.name, equals } });
      return [
        ...counted.map(({ value }) => count(value, value)),
        ...(s.distinct > 2
          ? [window(["distinct", c.name], w, { aggregate: "distinct", column: c.name, where: null })]
          : []),
      ];
    }),
    ...columns
      .filter((c) => c.name !== time && table.stats[c.name]!.missing / table.stats[c.name]!.rows >= 0.02)
      .map((c) =>
        window(["count", c.name, "missing"], w, {
          aggregate: "count",
          column: null,
          where: { column: c.name, equals: null },
        }),
      ),
  ];
  return [
    { kind: "recency_days", name: featureName(name, "since_days"), ...joined },
    ...before,
    ...usual,
    ...trend(["count"], "count", null),
    ...measures.filter((c) => c.type !== "boolean").flatMap((c) => trend(["sum", c.name], "sum", c.name)),
    ...days.flatMap(per),
  ];
}

/** Typed features over a related table: lookups where it has one row per key, else windows, recency and trends. */
export function relatedCandidates(related: Related, problem: Problem): Feature[] {
  if (related.unique) return lookups(related, problem);
  return related.table.manifest.time !== null && hasCutoffs(problem) ? windows(related, problem) : [];
}
