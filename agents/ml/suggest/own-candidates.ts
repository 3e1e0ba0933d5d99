import type { Column } from "@muster/shared/domain/dataset.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { NUMERIC, TEMPORAL } from "@muster/shared/features/schema.ts";
import { TEXT_LENGTH } from "./allowed-columns.ts";
import type { ColumnStats } from "./column-stats.ts";
import { featureName, keyNamed } from "./names.ts";

const MOST_AMOUNTS = 6;
const MOST_DATES = 3;
const TEXT_PATTERNS = ["digit_share", "upper_share", "punctuation_share", "has_url"] as const;
/** Categories are crossed where each cross has rows enough to be told from chance. */
const MOST_CROSSED = 3;
const ROWS_A_CROSS = 100;

/** Whether text is read as text: long on average, and too many values for a category. */
export const textLike = (s: ColumnStats): boolean => (s.meanLength ?? 0) > TEXT_LENGTH && s.distinct > 200;

/** Amounts that can be divided by each other: never negative, many values, and no names of something. */
const amounts = (columns: readonly Column[], stats: Record<string, ColumnStats>): Column[] =>
  columns
    .filter((c) => {
      const s = stats[c.name]!;
      return (c.type === "number" || c.type === "integer") && !keyNamed(c) && s.distinct > 20 && (s.min ?? -1) >= 0;
    })
    .sort((a, b) => Number(b.type === "number") - Number(a.type === "number"))
    .slice(0, MOST_AMOUNTS);

function ofNumber(c: Column, s: ColumnStats): Feature[] {
  const skewed = s.distinct > 20 && (s.min ?? -1) >= 0 && (s.mean ?? 0) > 0 && s.max! / s.mean! > 8;
  const plain: Feature = { kind: "column", name: featureName(c.name), column: c.name, type: c.type };
  return skewed ? [plain, { kind: "log", name: featureName("log", c.name), column: c.name }] : [plain];
}

function ofText(c: Column, s: ColumnStats): Feature[] {
  if (!textLike(s)) return [{ kind: "column", name: featureName(c.name), column: c.name, type: "text" }];
  return [
    { kind: "text_length", name: featureName(c.name, "length"), column: c.name },
    { kind: "text_words", name: featureName(c.name, "words"), column: c.name },
    ...TEXT_PATTERNS.map(
      (pattern): Feature => ({
        ...{ kind: "text_pattern", name: featureName(c.name, pattern), column: c.name, pattern },
      }),
    ),
  ];
}

function ofDate(c: Column, s: ColumnStats, problem: Problem): Feature[] {
  const part = (of: "year" | "month" | "day" | "weekday" | "hour" | "quarter"): Feature => ({
    kind: "date_part",
    name: featureName(c.name, of),
    column: c.name,
    part: of,
  });
  const parts = [part("month"), part("weekday"), part("day"), ...(c.type === "timestamp" ? [part("hour")] : [])];
  // The year of the event time itself never comes again; that of another date is a cohort.
  if (c.name !== problem.time) parts.push(part("year"));
  const age = (at: string | null): Feature => ({
    kind: "age_days",
    name: featureName(c.name, "age_days"),
    column: c.name,
    at,
  });
  if (problem.cutoffs.training.length > 0) parts.push(age(null));
  else if (problem.time !== null && problem.time !== c.name) parts.push(age(problem.time));
  const missing = s.missing / s.rows;
  if (missing >= 0.02) parts.push({ kind: "is_missing", name: featureName(c.name, "is_missing"), column: c.name });
  return parts;
}

function ofPairs(columns: readonly Column[], stats: Record<string, ColumnStats>, problem: Problem): Feature[] {
  const features: Feature[] = [];
  const divided = amounts(columns, stats);
  divided.forEach((a, i) => {
    for (const b of divided.slice(i + 1)) {
      features.push({
        kind: "ratio",
        name: featureName(a.name, "per", b.name),
        numerator: a.name,
        denominator: b.name,
      });
      const scale = (stats[a.name]!.mean ?? 0) / (stats[b.name]!.mean || 1);
      if (scale > 0.1 && scale < 10) {
        features.push({ kind: "difference", name: featureName(a.name, "less", b.name), left: a.name, right: b.name });
      }
    }
  });
  const dates = columns.filter((c) => TEMPORAL.includes(c.type) && c.name !== problem.time).slice(0, MOST_DATES);
  dates.forEach((a, i) => {
    for (const b of dates.slice(i + 1)) {
      features.push({ kind: "age_days", name: featureName(a.name, "to", b.name, "days"), column: a.name, at: b.name });
    }
  });
  return features;
}

/** Pairs of the first few categories, where every cross of theirs can have a hundred rows. */
function ofCategories(columns: readonly Column[], stats: Record<string, ColumnStats>): Feature[] {
  const few = columns.filter((c) => c.type === "text" && stats[c.name]!.distinct >= 2).slice(0, MOST_CROSSED);
  return few.flatMap((a, i) =>
    few.slice(i + 1).flatMap((b): Feature[] => {
      const crosses = stats[a.name]!.distinct * stats[b.name]!.distinct;
      if (crosses * ROWS_A_CROSS > stats[a.name]!.rows) return [];
      return [{ kind: "cross", name: featureName(a.name, "and", b.name), columns: [a.name, b.name] }];
    }),
  );
}

/** Typed features over the entity's own row: columns, parts and ages of dates, ratios, differences, logarithms, sizes and patterns of text, crosses. */
export function ownCandidates(
  columns: readonly Column[],
  stats: Record<string, ColumnStats>,
  problem: Problem,
): Feature[] {
  const single = columns.flatMap((c) => {
    const s = stats[c.name]!;
    if (NUMERIC.includes(c.type)) return ofNumber(c, s);
    return TEMPORAL.includes(c.type) ? ofDate(c, s, problem) : ofText(c, s);
  });
  return [...single, ...ofPairs(columns, stats, problem), ...ofCategories(columns, stats)];
}
