import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { hashOf } from "@muster/shared/canonical.ts";
import { type DatasetManifest, DatasetRef, parseDatasetRef, pinOf } from "@muster/shared/domain/dataset.ts";
import { Horizon, Problem, Task } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { type DatasetFacts, measureFacts } from "../dataset-facts.ts";
import { defineProblem as define } from "../define-problem.ts";
import type { MlDeps } from "../index.ts";
import { namedColumn } from "../nearest.ts";
import { aboutSame, nowOf } from "../now-of.ts";

const column = z.string().min(1).max(200);

export const defineProblem = tool({
  name: "define_problem",
  does: "Makes what was asked a prediction problem: population, cutoffs, horizon, label rule, task, metric and sealed hold-out.",
  effect: "read",
  input: z.object({
    dataset: DatasetRef,
    target: column.optional(),
    event: z
      .object({
        kind: z.literal("ended"),
        entity: column,
        start: column,
        end: column,
        graceDays: z.number().int().min(0).max(3650).optional(),
      })
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
  run: async (input, { lake, threads, evidence }: Context & MlDeps) => {
    if (input.problem !== undefined) return again(await definedBefore(evidence, input.problem), input);
    const manifest = await lake.manifest(input.dataset);
    const named = (word: string | undefined) => word && namedColumn(manifest.columns, word, manifest.name);
    const facts = await factsOf(lake, manifest, named(input.target) ?? null, threads);
    const sources = (await lake.list()).filter(({ kind }) => kind === "source");
    const event = input.event && {
      ...input.event,
      entity: named(input.event.entity)!,
      start: named(input.event.start)!,
      end: named(input.event.end)!,
    };
    const related: DatasetFacts[] = [];
    for (const one of aboutSame(sources, manifest.name, event?.entity)) {
      const key = one.columns.filter(({ name }) => name.toLowerCase() === event!.entity.toLowerCase());
      const times = one.columns.filter(({ name }) => name === one.time);
      const measured = await factsOf(lake, { ...one, columns: [...key, ...times] }, null, threads);
      related.push({ ...measured, manifest: one });
    }
    const { now, said } = nowOf(facts, related, event);
    const asked = { ...input, event, dataset: parseDatasetRef(input.dataset).name };
    const { hash: _, ...draft } = define(asked, facts, now, related);
    const stated = { ...draft, assumptions: said === null ? draft.assumptions : [...draft.assumptions, said] };
    const problem: Problem = { hash: hashOf(stated), ...stated };
    return { problem, verdict: problem.sentence };
  },
});

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
