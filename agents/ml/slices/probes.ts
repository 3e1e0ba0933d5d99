import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { isLookup, isRelated, type RelatedFeature } from "@muster/shared/features/kinds.ts";
import { isPast } from "@muster/shared/features/past.ts";
import { featureName } from "../suggest/names.ts";
import { windowName } from "../suggest/related-candidates.ts";

/** A feature derived as of each row's cutoff from the rows before it, what it is called in words, and by what its value is multiplied to be told so. */
export type Probe = { feature: Feature; said: string; times: number };

type Window = Extract<Feature, { kind: "window" }>;
type Log = Pick<Window, "table" | "key" | "localKey" | "via" | "time" | "arrived">;

const secondsADay = 86_400;
/** Where moments are told: 10 minutes, an hour, a day. Where only days are, or cutoffs lie months apart: a day, a week, a month. */
const fineDays = [10 / 1440, 1 / 24, 1];
const coarseDays = [1, 7, 30];
const saidDays = new Map([
  [10 / 1440, "10 minutes"],
  [1 / 24, "hour"],
  [1, "day"],
  [7, "7 days"],
  [30, "30 days"],
]);
/** Amounts that are compared with their own mean. */
const mostAmounts = 3;
/** An all-history mean meets every row with every earlier one of its key; beyond so many pairs it looks back 30 days. */
const mostPairs = 4e8;

/**
 * The probes of a problem: of every log of events that candidate features look into (the own rows of a card or a customer;
 * a table of events that joins) the time since the event before, how many there were lately, and, of the own past, each
 * amount over its own mean. `timestamps`: columns (`dataset.column`) that tell moments, not only days; `pairs`: about how many
 * pairs of rows of one key a log has.
 */
export function probesOf(
  problem: Problem,
  candidates: readonly Feature[],
  about: { timestamps: ReadonlySet<string>; pairs: (log: Log) => number },
): Probe[] {
  const logs = new Map<string, { log: Log; own: boolean; amounts: string[] }>();
  for (const feature of candidates) {
    if (!isRelated(feature) || isLookup(feature) || feature.time === null) continue;
    const { table, key, localKey, via, time, arrived } = feature;
    const log: Log = { table, key, localKey, time, arrived, ...(via && { via }) };
    const id = JSON.stringify(log);
    const known = logs.get(id) ?? { log, own: isPast(feature, problem), amounts: [] };
    const amount = amountOf(feature);
    if (amount !== null && !known.amounts.includes(amount)) known.amounts.push(amount);
    logs.set(id, known);
  }
  return [...logs.values()].flatMap(({ log, own, amounts }) => {
    const name = log.table === problem.dataset ? featureName(log.key, "past") : log.table;
    const whose = log.table === problem.dataset ? `rows of its ${log.key}` : log.table;
    const fine = own && about.timestamps.has(`${log.table}.${log.time}`);
    const since: Probe = {
      feature: { kind: "recency_days", name: featureName(name, "since_days"), ...log },
      ...(fine
        ? { said: `the seconds since the last of the ${whose}`, times: secondsADay }
        : { said: `the days since the last of ${whose}`, times: 1 }),
    };
    const counts = (fine ? fineDays : coarseDays).map((days): Probe => {
      const count = { ...log, aggregate: "count" as const, column: null, days, where: null };
      return {
        feature: { kind: "window", name: featureName(name, "count", windowName(days)), ...count },
        said: `the number of ${whose} in the last ${saidDays.get(days)!}${own ? " (this one counted)" : ""}`,
        times: 1,
      };
    });
    const days = log.arrived === null || about.pairs(log) <= mostPairs ? null : 30;
    const means = (own ? amounts : []).slice(0, mostAmounts).map(
      (column): Probe => ({
        feature: { kind: "mean_ratio", name: featureName(name, column, "to_mean"), ...log, column, days },
        said: `${column} over the mean of the earlier ${whose}`,
        times: 1,
      }),
    );
    return [since, ...counts, ...means];
  });
}

/** The number that a candidate takes the mean of. */
const amountOf = (feature: RelatedFeature): string | null =>
  feature.kind === "window" && feature.aggregate === "mean" ? feature.column : null;
