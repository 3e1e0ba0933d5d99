import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { hashOf } from "@muster/shared/canonical.ts";
import { type DatasetManifest, DatasetRef, parseDatasetRef, pinOf } from "@muster/shared/domain/dataset.ts";
import { Horizon, Problem, Task } from "@muster/shared/domain/problem.ts";
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
  run: async (input, { lake, threads }: Context & MlDeps) => {
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

/** The facts of one pinned version, over that file alone: aggregates, and the classes of the target. */
const factsOf = (
  lake: Lake,
  manifest: DatasetManifest,
  target: string | null,
  threads: number,
): Promise<DatasetFacts> =>
  withPins(lake, [pinOf(manifest.name, manifest.version)], { threads }, (engine) =>
    measureFacts((sql) => engine.query(sql), manifest.name, manifest, target),
  );
