import type { Choice } from "../choose.ts";
import type { RowOrigin } from "../fold-plan.ts";
import type { BoardRow, Candidate, CostMatrix, EnsembleParams, MetricName } from "../job.ts";
import { direction } from "../metrics.ts";
import { answersOf, type Finished, measureFolds, type RaceContext, type RaceData } from "../race.ts";
import { seedOf } from "../seed-of.ts";
import { blend } from "./blend.ts";
import { type Lead, leadOf } from "./lead.ts";

/** An ensemble of candidates that were compared: its line, and whether it is taken instead of the choice among them. */
export type Considered = Finished & { taken: boolean };

const name = "ensemble";

/**
 * Puts the best candidates of different algorithms together (`blend`) and takes the whole only where its paired lead out of
 * fold over the candidate that was chosen among them is above zero with a confidence of 95 %, and its mean is the best.
 * Nothing is fitted for it: the members' held-out margins are there. Null where there are no two to put together. Where the
 * budget doesn't hold the refit of all members it is listed as skipped.
 */
export function considerEnsemble(
  finished: readonly Finished<Candidate>[],
  choice: Choice,
  { data, origin }: { data: RaceData; origin: RowOrigin },
  { metric, costs }: { metric: MetricName; costs: CostMatrix | null },
  { meter, wallSeconds, seed }: RaceContext,
): Considered | null {
  const [startCpu, startWall] = [meter.used(), wallSeconds()];
  const blended = blend(finished, data.labels, metric);
  if (!blended) return null;
  const { members, held } = blended;
  const answers = answersOf(data.labels, held);
  const cv = measureFolds(data, answers, costs);
  const chosen = finished.find(({ row }) => row.name === choice.name)!;
  const how = { metric, costs, seed: seedOf(seed, name, -1) };
  const lead = leadOf([answers, chosen.answers], { labels: data.labels, origin }, how);
  const sign = direction(metric);
  const best = finished.every(({ row }) => sign * (cv[metric]!.mean - row.cv[metric]!.mean) > 0);
  const refitCpuSeconds = members.reduce((sum, { of }) => sum + of.refitCpuSeconds, 0);
  const needed = meter.used() + refitCpuSeconds;
  const pays = best && lead !== null && lead.atLeast > 0;
  const unpaid = pays && needed > meter.limit;
  const params: EnsembleParams = {
    algorithm: "ensemble",
    members: members.map(({ of, weight }) => ({ candidate: of.candidate, weight })),
  };
  const fits = `a budget of ${Math.ceil(needed)} CPU s`;
  const said = saidOf(lead, choice);
  const row: BoardRow = {
    ...{ name, algorithm: "ensemble", params, why: whyOf(params), cv: unpaid ? {} : cv },
    ...{ seconds: wallSeconds() - startWall, cpuSeconds: meter.used() - startCpu, rounds: null, chosen: false },
    reason: unpaid
      ? `skipped: ${said}, but the fit of all its members needs ${fits}`
      : pays
        ? said
        : `not chosen: ${said}`,
    skipped: unpaid ? { neededCpuSeconds: refitCpuSeconds, hadCpuSeconds: meter.limit - meter.used(), fits } : null,
  };
  return { row, candidate: { name, params }, answers, refitCpuSeconds, taken: pays && !unpaid };
}

const whyOf = ({ members }: EnsembleParams): string =>
  `the weighted mean of what ${members.map(({ candidate }) => candidate.name).join(" and ")} say`;

const short = (value: number): string => String(Number(value.toPrecision(2)));

function saidOf(lead: Lead | null, { name: other }: Choice): string {
  if (!lead) return `its lead over ${other} can't be measured`;
  const { value, atLeast, repetitions, rows, by } = lead;
  const pays = atLeast > 0 ? "pays" : "isn't shown to pay";
  return `its lead over ${other} of ${short(value)} ${pays} (at least ${short(atLeast)} with 95 % confidence, by ${repetitions} paired resamples of ${rows} held-out rows, drawn by ${by})`;
}
