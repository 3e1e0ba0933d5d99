import { canonical } from "@muster/shared/canonical.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import type { LeftOut, ProposedFeature } from "@muster/shared/domain/improvement.ts";
import type { Slice } from "@muster/shared/domain/slice.ts";
import { isRelated, type RelatedFeature } from "@muster/shared/features/kinds.ts";
import { featureName } from "../suggest/names.ts";
import { windowName } from "../suggest/related-candidates.ts";

/** More features than this aren't proposed in one round: each is a chance to be better by luck. */
export const MOST_PROPOSED = 8;
/** Lengths of the windows that a probe is tried in beside its own, in days. */
const LENGTHS = [10 / 1440, 1 / 24, 1, 7, 30];
/** Amounts of the own row that windows over its own past add up. */
const MOST_AMOUNTS = 2;

/**
 * What may be proposed: what the slices are made of and what the view already holds; `asked` comes first; `whyNot` says what a feature
 * may not be used for. `ideas`: what a language model thought of, which comes after what the slices themselves are made of.
 */
export type Wishes = {
  slices: readonly Slice[];
  held: readonly Feature[];
  /** The label's table. */
  dataset: string;
  asked: readonly Feature[];
  ideas?: readonly ProposedFeature[];
  /** Features of earlier rounds: they were tried. */
  tried: readonly Feature[];
  whyNot: (feature: Feature) => string | null;
};

/** What is proposed, at most eight features, and what was left out with the reason. */
export type Wished = { features: ProposedFeature[]; leftOut: LeftOut[] };

/** What a feature says, whatever it is called. */
const meaning = ({ name: _, ...definition }: Feature): string => canonical(definition);

/**
 * Proposes typed features from error slices, the strongest slice first: those that were asked for, then each slice's own probes,
 * then ideas, then what varies the probes (other windows and aggregates over the same past, amounts beside counts), bins and crosses of the
 * columns that its conditions name. What the view holds, what was tried and what may not be used is left out.
 */
export function proposeFeatures({ slices, held, dataset, asked, ideas = [], tried, whyNot }: Wishes): Wished {
  const features: ProposedFeature[] = [];
  const leftOut: Wished["leftOut"] = [];
  const meant = new Set([...held, ...tried].map(meaning));
  const names = new Set(held.map(({ name }) => name.toLowerCase()));
  const offer = (proposed: ProposedFeature, told: boolean) => {
    const { feature, by } = proposed;
    const who = by === undefined ? {} : { by };
    const skip = (reason: string) => void (told && leftOut.push({ name: feature.name, reason, ...who }));
    if (meant.has(meaning(feature))) return skip("the view holds it, or it was tried");
    if (features.length >= MOST_PROPOSED) {
      if (by !== undefined) skip(`no more than ${MOST_PROPOSED} are tried in a round`);
      return;
    }
    const reason = whyNot(feature);
    if (reason !== null) return skip(reason);
    if (names.has(feature.name.toLowerCase())) return skip("another feature of the view has its name");
    meant.add(meaning(feature));
    names.add(feature.name.toLowerCase());
    features.push(proposed);
  };
  for (const feature of asked) offer({ feature, because: "asked for" }, true);
  for (const { probes, words } of slices) for (const feature of probes) offer({ feature, because: words }, true);
  for (const idea of ideas) offer(idea, true);
  for (const slice of slices)
    for (const feature of [...bins(slice, held), ...crosses(slice, held), ...variants(slice, held, dataset)])
      offer({ feature, because: slice.words }, false);
  return { features, leftOut };
}

/** Windows over the rows that a slice looks at, of its own probes and of what the view holds. */
function variants(slice: Slice, held: readonly Feature[], dataset: string): Feature[] {
  const amounts = held.flatMap((one) => (one.kind === "column" && one.type === "number" ? [one.column] : []));
  const read = slice.conditions.flatMap(({ column }) => held.filter(({ name }) => name === column));
  const of = { slice, amounts: amounts.slice(0, MOST_AMOUNTS), dataset };
  return [...slice.probes, ...read].flatMap((probe) => around(probe, of));
}

/**
 * Windows over the same past as a probe's, of its length and longer: counts, what it adds up itself, the own row's amounts
 * where the past is of the own table (they are named alike there), and how the count compares with a longer one.
 */
function around(
  probe: Feature,
  { slice, amounts, dataset }: { slice: Slice; amounts: readonly string[]; dataset: string },
): Feature[] {
  if (!isRelated(probe) || probe.time === null || probe.kind === "lookup" || probe.kind === "lookup_age_days")
    return [];
  const { table, key, localKey, via, time, arrived } = probe;
  const joined = { table, key, localKey, ...(via && { via }), time, arrived };
  const order = "order" in probe && probe.order !== undefined ? { order: probe.order } : {};
  const own = lengthOf(probe, slice);
  const from = LENGTHS.find((days) => days >= Math.min(own ?? 1, 7))!;
  const longer = LENGTHS.filter((days) => days > from);
  const past = (...words: string[]) => featureName(key, "past", ...words);
  const window = (aggregate: "count" | "sum" | "mean" | "max", column: string | null, days: number): Feature => ({
    ...{ kind: "window", ...joined, ...order, aggregate, column, days, where: null },
    name: past(aggregate, ...(column === null ? [] : [column]), windowName(days)),
  });
  const column = "column" in probe && numeric(probe) && probe.column !== null ? [probe.column] : [];
  const added = [...new Set([...column, ...(table === dataset ? amounts : [])])];
  const ratio: Feature = {
    ...{ kind: "window_ratio", ...joined, ...order, aggregate: "count", column: null, where: null },
    ...{ shortDays: from, longDays: 30, name: past("count", windowName(from), "per", windowName(30)) },
  };
  return [
    window("count", null, from),
    ...added.flatMap((one) => (["sum", "mean", "max"] as const).map((how) => window(how, one, from))),
    ...longer.map((days) => window("count", null, days)),
    ...(from < 30 ? [ratio] : []),
  ];
}

/** The length of the rows that a probe looks at, in days: its window's, or how near the slice's condition says the last one is; null where nothing says. */
function lengthOf(probe: RelatedFeature, { conditions }: Slice): number | null {
  if (probe.kind === "window") return probe.days;
  if (probe.kind === "window_ratio") return probe.shortDays;
  if (probe.kind !== "recency_days") return null;
  const near = conditions.find(({ column }) => column === probe.name);
  return near?.op === "range" ? (near.high ?? near.low) : null;
}

/** Whether what a probe reads is added up: what a sum, a mean or a comparison with one is of. */
const numeric = (probe: RelatedFeature): boolean =>
  probe.kind === "mean_ratio" ||
  (probe.kind === "window" && (probe.aggregate === "sum" || probe.aggregate === "mean")) ||
  (probe.kind === "window_ratio" && probe.aggregate === "sum");

/** A number of the own row in the pieces that a slice's ranges cut it into. */
function bins({ conditions, probes }: Slice, held: readonly Feature[]): Feature[] {
  return conditions.flatMap((condition): Feature[] => {
    if (condition.op !== "range") return [];
    const read = [...held, ...probes].find(({ name }) => name === condition.column);
    if (read?.kind !== "column" || read.type === "text") return [];
    const edges = [condition.low, condition.high].filter((edge) => edge !== null);
    const { column, filledBy } = read;
    return edges.length === 0
      ? []
      : [
          {
            kind: "bin",
            name: featureName(column, "range"),
            column,
            edges,
            ...(filledBy !== undefined && { filledBy }),
          },
        ];
  });
}

/** The categories of the own row that a slice's conditions name, as one. */
function crosses({ conditions, probes }: Slice, held: readonly Feature[]): Feature[] {
  const columns = conditions.flatMap((condition) => {
    const read = [...held, ...probes].find(({ name }) => name === condition.column);
    return condition.op === "in" && read?.kind === "column" && read.type === "text" ? [read.column] : [];
  });
  const once = [...new Set(columns)];
  return once.length < 2 ? [] : [{ kind: "cross", name: featureName(once.join("_and_")), columns: once.slice(0, 3) }];
}
