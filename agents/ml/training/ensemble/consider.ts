import type { Choice } from "../choose.ts";
import type { RowOrigin } from "../fold-plan.ts";
import type { BoardRow, Candidate, CostMatrix, EnsembleParams, MetricName } from "../job.ts";
import { direction } from "../metrics.ts";
import { answersOf, type Finished, measureFolds, type RaceContext, type RaceData } from "../race.ts";
import { seedOf } from "../seed-of.ts";
import { blend } from "./blend.ts";
import { type Lead, leadOf } from "./lead.ts";

/** An ensemble of candidates that were compared: its line, whether it is taken instead of the choice among them, and what said so. */
export type Considered = Finished & { taken: boolean; said: string };

const name = "ensemble";

/**
 * Puts the best candidates of different algorithms together (`blend`) and takes the whole only where its mean is the best and
 * its paired lead out of fold over the candidate that was chosen among them is above zero with a confidence of 95 %: of
 * classes the lead in log loss, which tells more of the same rows than their order or the served class does (a proper score:
 * Gneiting and Raftery 2007), of numbers that in the metric asked for.
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
  const by: MetricName = data.labels.task === "regression" ? metric : "log_loss";
  const how = { metric: by, costs, seed: seedOf(seed, name, -1) };
  const lead = leadOf([answers, chosen.answers], { labels: data.labels, origin }, how);
  const leads = ({ row }: Pick<Finished, "row">) => direction(metric) * (cv[metric]!.mean - row.cv[metric]!.mean);
  const best = finished.every((one) => leads(one) > 0);
  const refitCpuSeconds = members.reduce((sum, { of }) => sum + of.refitCpuSeconds, 0);
  const needed = meter.used() + refitCpuSeconds;
  const pays = best && lead !== null && lead.atLeast > 0;
  const unpaid = pays && needed > meter.limit;
  const params: EnsembleParams = {
    algorithm: "ensemble",
    members: members.map(({ of, weight }) => ({ candidate: of.candidate, weight })),
  };
  const fits = `a budget of ${Math.ceil(needed)} CPU s`;
  const shown = saidOf(chosen.row.name, { metric, lead: leads(chosen) }, by, lead);
  const said = unpaid ? `${shown}, but the fit of all its members needs ${fits}` : shown;
  const row: BoardRow = {
    ...{ name, algorithm: "ensemble", params, why: whyOf(params), cv: unpaid ? {} : cv },
    ...{ seconds: wallSeconds() - startWall, cpuSeconds: meter.used() - startCpu, rounds: null, chosen: false },
    reason: unpaid ? `skipped: ${said}` : pays ? said : `not chosen: ${said}`,
    skipped: unpaid ? { neededCpuSeconds: refitCpuSeconds, hadCpuSeconds: meter.limit - meter.used(), fits } : null,
  };
  return { row, candidate: { name, params }, answers, refitCpuSeconds, taken: pays && !unpaid, said };
}

const whyOf = ({ members }: EnsembleParams): string =>
  `the weighted mean of what ${members.map(({ candidate }) => candidate.name).join(" and ")} say`;

const short = (value: number): string => String(Number(value.toPrecision(2)));

function saidOf(other: string, asked: { metric: MetricName; lead: number }, by: MetricName, lead: Lead | null): string {
  if (!lead) return `its lead over ${other} can't be measured`;
  const { value, atLeast, repetitions, rows, by: drawn } = lead;
  const pays = asked.lead > 0 && atLeast > 0 ? "pays" : "isn't shown to pay";
  const tested = by === asked.metric ? "" : `by ${short(value)} in ${by}, `;
  return `its lead over ${other} of ${short(asked.lead)} ${pays} (${tested}at least ${short(atLeast)} with 95 % confidence, by ${repetitions} paired resamples of ${rows} held-out rows, drawn by ${drawn})`;
}
