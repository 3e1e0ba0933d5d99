import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { hashOf } from "@muster/shared/canonical.ts";
import {
  type DatasetManifest,
  DatasetName,
  DatasetRef,
  parseDatasetRef,
  pinOf,
} from "@muster/shared/domain/dataset.ts";
import type { OutsideModel } from "@muster/shared/domain/outside-model.ts";
import { Condition, Horizon, Problem, SeriesUnit, Task, WindowAggregate } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { unchecked } from "../adopt/adopt.ts";
import { type DatasetFacts, measureFacts } from "../dataset-facts.ts";
import { defineProblem as define, type ProblemRequest } from "../define-problem.ts";
import { forecastRule } from "../forecast-problem.ts";
import type { MlDeps } from "../index.ts";
import { namedColumn } from "../nearest.ts";
import { aboutSame, nowOf } from "../now-of.ts";
import { withoutWords } from "../said-values.ts";
import { measureSeries } from "../series-facts.ts";
import { measureWindow } from "../window-facts.ts";
import { eventTime } from "../window-problem.ts";

const column = z.string().min(1).max(200);
const conditions = z.array(Condition).max(10);
/** The events of an entity that are asked about; `like`: words that the values of one of their columns say ("failure": failed). */
const events = {
  entity: column,
  time: column.optional(),
  where: conditions.optional(),
  like: z.array(z.string().min(3).max(50)).min(1).max(5).optional(),
};

export const defineProblem = tool({
  name: "define_problem",
  does: "Makes what was asked a prediction problem: population, cutoffs, gap, horizon, label rule and delay, task, metric and sealed hold-out, with one sentence to check it by.",
  effect: "read",
  input: z.object({
    dataset: DatasetRef,
    target: column.optional(),
    event: z
      .discriminatedUnion("kind", [
        z.strictObject({
          kind: z.literal("ended"),
          entity: column,
          start: column,
          end: column,
          graceDays: z.number().int().min(0).max(3650).optional(),
        }),
        z.strictObject({ kind: z.literal("occurs"), ...events, first: z.boolean().optional() }),
        z.strictObject({ kind: z.literal("next"), ...events, category: column.optional() }),
        z.strictObject({
          kind: z.literal("value"),
          ...events,
          aggregate: WindowAggregate,
          column: column.optional(),
          times: column.optional(),
        }),
        z.strictObject({
          kind: z.literal("forecast"),
          series: column.optional(),
          column: column.optional(),
          aggregate: z.enum(["count", "sum", "mean"]).optional(),
          time: column.optional(),
          hour: column.optional(),
          unit: SeriesUnit.optional(),
          steps: z.number().int().min(1).max(400).optional(),
          season: z.number().int().min(1).max(10_000).optional(),
          where: conditions.optional(),
        }),
      ])
      .optional(),
    /** Who is asked about: whoever has a row of `dataset` in the last `withinDays` (null: ever) that meets `where`. */
    population: z
      .strictObject({
        dataset: DatasetName.optional(),
        key: column.optional(),
        time: column.optional(),
        withinDays: z.number().int().min(1).max(36_500).nullable().optional(),
        where: conditions.optional(),
      })
      .optional(),
    /** Days between a cutoff and its window, in which one can act. */
    gapDays: z.number().int().min(0).max(3650).optional(),
    /** How far apart cutoffs are taken (default: one horizon), and how many at most, the hold-out's among them. */
    cutoffs: z
      .strictObject({ every: Horizon.optional(), count: z.number().int().min(2).max(60).optional() })
      .optional(),
    horizon: z
      .union([
        z.object({
          quarter: z.enum(["Q1", "Q2", "Q3", "Q4"]),
          year: z.number().int().min(1900).max(2200).optional(),
        }),
        Horizon,
      ])
      .optional(),
    task: Task.optional(),
    metric: Problem.shape.metric.optional(),
    exclusions: z.array(column).max(500).optional(),
    name: z.string().min(1).max(100).optional(),
    positive: z.string().min(1).max(200).optional(),
    entity: column.optional(),
    labelDelayDays: z.number().int().min(0).max(3650).optional(),
    /** A model made outside that is to answer it, as ml.offer_model named it. */
    outside: z
      .string()
      .regex(/^out_[0-9a-z]{1,64}$/)
      .optional(),
    /** The hash of a problem that was defined before: it is given again as it was, and nothing else may be asked of it. */
    problem: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  }),
  output: z.object({ problem: Problem, verdict: z.string() }),
  needs: [{ is: "request.accepted" }],
  gives: [
    {
      is: "problem.defined",
      value: ({ problem }) => problem,
      about: ({ problem }) => ({ problem: problem.hash }),
    },
  ],
  cost: { ms: 300 },
  run: async (input, { lake, threads, evidence, outside: offered }: Context & MlDeps) => {
    if (input.problem !== undefined) return again(await definedBefore(evidence, input.problem), input);
    const manifest = await lake.manifest(input.dataset);
    const named = (word: string | undefined) => word && namedColumn(manifest.columns, word, manifest.name);
    const facts = await factsOf(lake, manifest, named(input.target) ?? null, threads);
    const sources = (await lake.list()).filter(({ kind }) => kind === "source");
    const dataset = parseDatasetRef(input.dataset).name;
    const { event: said, ...rest } = input;
    if (said && input.outside !== undefined)
      throw fault(
        "unfit",
        "a model made outside answers for a column of the table whose rows it reads; pass target, and no event",
      );
    if (said?.kind === "forecast") {
      const asked = { ...rest, event: said, dataset };
      const series = await measureSeries(lake, manifest, forecastRule(asked, said, facts), threads);
      return hashed(define(asked, facts, null, [], { series }));
    }
    const event = said && { ...said, entity: named(said.entity)! };
    if (event?.kind === "ended") [event.start, event.end] = [named(event.start)!, named(event.end)!];
    const measure = (one: DatasetManifest, only: readonly (string | null)[]) =>
      factsOf(lake, { ...one, columns: one.columns.filter(({ name }) => only.includes(name)) }, null, threads);
    const related: DatasetFacts[] = [];
    for (const one of aboutSame(sources, manifest.name, event?.entity)) {
      const key = one.columns.filter(({ name }) => name.toLowerCase() === event!.entity.toLowerCase());
      related.push({ ...(await measure(one, [...key.map(({ name }) => name), one.time])), manifest: one });
    }
    const events = event && event.kind !== "ended" ? await withoutWords(lake, manifest, event, threads) : undefined;
    const asked = { ...rest, event: events ?? event, dataset };
    const window = events && (await measureWindow(lake, manifest, asked, events, facts, sources, threads));
    const start = events ? { start: eventTime(facts, events.time).name } : startOf(event);
    const { now, said: stated } = nowOf(facts, related, start);
    const outside = input.outside === undefined ? undefined : await offeredModel(offered, input.outside);
    const assumptions = [stated, outside && unchecked].filter((one) => typeof one === "string");
    return hashed(define(asked, facts, now, related, { window }), assumptions, outside);
  },
});

/** A problem with what was assumed beside, by its hash. */
function hashed({ hash: _, ...draft }: Problem, assumptions: string[] = [], outside?: OutsideModel) {
  const stated = { ...draft, assumptions: [...draft.assumptions, ...assumptions], ...(outside && { outside }) };
  const problem: Problem = { hash: hashOf(stated), ...stated };
  return { problem, verdict: problem.sentence };
}

async function offeredModel(offered: MlDeps["outside"], id: string): Promise<OutsideModel> {
  const held = await offered.get(id);
  if (held) return held;
  throw fault("not_found", `no model ${id} was offered here; offer it with ml.offer_model, or npx muster adopt`);
}

/** The problem that was defined under a hash. */
async function definedBefore(evidence: MlDeps["evidence"], hash: string): Promise<Problem> {
  const receipt = await evidence.newest("problem.defined", { problem: hash });
  if (!receipt)
    throw fault("not_found", "no problem of that hash was defined here; leave `problem` out and say what to predict");
  return evidence.value<"problem.defined">(receipt);
}

/** A problem as it was. Arguments that would make it another one are refused rather than ignored. */
function again(problem: Problem, { problem: _, dataset, ...changed }: Record<string, unknown>) {
  const other = Object.keys(changed).find((key) => changed[key] !== undefined);
  if (other !== undefined)
    throw fault(
      "invalid_input",
      `a problem that was defined before is taken as it was; leave ${other} out, or leave \`problem\` out`,
    );
  if (parseDatasetRef(String(dataset)).name !== problem.dataset)
    throw fault("invalid_input", `that problem is about ${problem.dataset}; pass that as the dataset`);
  return { problem, verdict: problem.sentence };
}

const startOf = (event: ProblemRequest["event"]) => (event?.kind === "ended" ? { start: event.start } : undefined);

/** The facts of one pinned version, over that file alone: aggregates, and the classes of the target. */
const factsOf = (
  lake: Lake,
  manifest: DatasetManifest,
  target: string | null,
  threads: number,
): Promise<DatasetFacts> =>
  withPins(lake, [pinOf(manifest.name, manifest.version)], { threads }, (engine) =>
    measureFacts(engine, manifest.name, manifest, target),
  );
