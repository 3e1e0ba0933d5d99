import type { Horizon } from "@muster/shared/domain/problem.ts";
import type { z } from "zod";
import { readBudget } from "./budget.ts";
import { blank } from "./clause.ts";
import { type ExclusionPhrase, readExclusions } from "./exclusions.ts";
import { type NamedHorizon, readHorizon } from "./horizon.ts";
import { type Metric, readMetric } from "./metric.ts";
import { readModelName } from "./model-name.ts";
import { readRounds } from "./rounds.ts";
import { readSearch, type SaidSearch } from "./search.ts";
import { readSpacing } from "./spacing.ts";

/** What a text says beside its goal, and the text without it. Purpose, roles and autonomy are never read from it. */
export type ReadText = {
  budgetUsd: number | null;
  /** How many rounds an improvement may take. */
  rounds: number | null;
  /** Whether settings are to be searched. */
  search: SaidSearch | null;
  name: string | null;
  metric: Metric | null;
  horizon: NamedHorizon | null;
  /** Days between the cutoff and its window; days until labels are known; days within which somebody must have been seen. */
  gapDays: number | null;
  labelDelayDays: number | null;
  withinDays: number | null;
  /** How far apart cutoffs are wanted. */
  every: z.infer<typeof Horizon> | null;
  exclusions: ExclusionPhrase[];
  task: "binary" | "multiclass" | "regression" | null;
  positive: { column: string; value: string } | null;
  rest: string;
};

const tasks: [RegExp, NonNullable<ReadText["task"]>][] = [
  [/\b(?:as\s+(?:an?\s+)?)?(?:regression)(?:\s+(?:problem|task|model))?\b/i, "regression"],
  [/\b(?:as\s+(?:an?\s+)?)?multi-?class(?:\s+(?:classification|problem|task|model))*\b/i, "multiclass"],
  [/\b(?:as\s+(?:an?\s+)?)?binary(?:\s+(?:classification|problem|task|model))*\b/i, "binary"],
];

/** Reads the parts of a text one after another, each from what the ones before left over. */
export function readText(text: string): ReadText {
  const plain = text
    .normalize("NFC")
    .replace(/[\u2018\u2019]/g, "'")
    .slice(0, 4000);
  const rounds = readRounds(plain);
  const search = readSearch(rounds.rest);
  const budget = readBudget(search.rest);
  const name = readModelName(budget.rest);
  const exclusions = readExclusions(name.rest);
  const metric = readMetric(exclusions.rest);
  const spacing = readSpacing(metric.rest);
  const horizon = readHorizon(spacing.rest);
  let rest = horizon.rest;
  let task: ReadText["task"] = null;
  for (const [pattern, value] of tasks) {
    const match: RegExpExecArray | null = task === null ? pattern.exec(rest) : null;
    if (match) [task, rest] = [value, blank(rest, match.index, match[0].length)];
  }
  const equals =
    /(["'`]?)([\p{L}_][\p{L}\p{N}_]*)\1\s*={1,2}\s*(?:"([^"]{1,60})"|'([^']{1,60})'|([\p{L}\p{N}_.<>-]{1,60}))/u.exec(
      rest,
    );
  const positive = equals ? { column: equals[2]!, value: equals[3] ?? equals[4] ?? equals[5]! } : null;
  if (equals) {
    const column = equals[1]!.length * 2 + equals[2]!.length;
    rest = blank(rest, equals.index + column, equals[0].length - column);
  }
  return {
    budgetUsd: budget.value,
    rounds: rounds.value,
    search: search.value,
    name: name.value,
    metric: metric.value,
    horizon: horizon.value,
    ...spacing.value,
    exclusions: exclusions.value,
    task,
    positive,
    rest,
  };
}
