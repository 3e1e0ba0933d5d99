import { z } from "zod";
import { PairedLift, Thought, TriedRound } from "./improvement.ts";
import { Adjustment, BoardRow, Dropped, Metrics } from "./model.ts";

/**
 * A goal: a fact of something. `each`: one for every member of that list-valued fact. `newerThan: "request"`: held facts don't
 * satisfy it. `on`: what the steps towards it stand on: whatever is about one of these keys is about exactly this, so that two
 * views of one problem are worked on in one request.
 */
export const Goal = z.object({
  is: z.string(),
  of: z.record(z.string(), z.unknown()).optional(),
  on: z.record(z.string(), z.unknown()).optional(),
  role: z.string().optional(),
  each: z.string().optional(),
  newerThan: z.literal("request").optional(),
});
export type Goal = z.infer<typeof Goal>;

/** Where a request stands. A terminal one (`succeeded`, `failed`, `cancelled`) never changes. */
export const RequestStatus = z.enum([
  "planning",
  "awaiting_approval",
  "awaiting_answer",
  "running",
  "succeeded",
  "failed",
  "cancelled",
]);
export type RequestStatus = z.infer<typeof RequestStatus>;

/** A fault as a person sees it. */
export const ErrorView = z.object({ code: z.string(), message: z.string(), data: z.record(z.string(), z.unknown()) });

/** A step of a plan as a person sees it: `because` is the fact it is there for, `verdict` what it came to in a line. */
export const StepView = z.object({
  id: z.string(),
  tool: z.string(),
  because: z.string(),
  after: z.array(z.string()),
  wave: z.number().int(),
  status: z.enum(["waiting", "running", "succeeded", "failed", "skipped"]),
  attempt: z.number().int(),
  elapsedMs: z.number().nullable(),
  input: z.record(z.string(), z.unknown()),
  /** What it stands on where its goal says so: the same call on another view is another step. */
  on: z.record(z.string(), z.unknown()).optional(),
  output: z.unknown(),
  verdict: z.string().nullable(),
  receipts: z.array(z.string()),
  error: ErrorView.nullable(),
  /** About how long its tool takes, as the tool itself hints. */
  costMs: z.number().optional(),
  /** The list whose members each get such a step, once it is known. */
  each: z.string().optional(),
});
export type StepView = z.infer<typeof StepView>;

/** What a request asks back: answered by `POST …/answer` or `muster answer`. */
export const Question = z.object({ text: z.string(), candidates: z.array(z.string()) });
export type Question = z.infer<typeof Question>;

/** What waits for a person's yes. */
export const ApprovalView = z.object({
  id: z.string(),
  step: z.string().nullable(),
  what: z.string(),
  why: z.string(),
  costUsd: z.number().nullable(),
  role: z.string(),
  expiresAt: z.string(),
});
export type ApprovalView = z.infer<typeof ApprovalView>;

/** The answer: plain words, and the fields where every figure of them stands. A part the request has no use for is absent. */
export const Answer = z.object({
  text: z.string(),
  problem: z
    .object({
      /** The question in a sentence that a business user can check. */
      sentence: z.string(),
      population: z.string(),
      entity: z.string(),
      cutoffs: z.array(z.string()),
      horizon: z.string(),
      label: z.string(),
      labelDelay: z.string(),
      task: z.string(),
      metric: z.string(),
    })
    .optional(),
  model: z
    .object({
      name: z.string(),
      version: z.number().int(),
      hash: z.string(),
      algorithm: z.string(),
      metrics: Metrics,
      intervals: z.record(z.string(), z.tuple([z.number(), z.number()])),
      cv: z.record(z.string(), z.object({ mean: z.number(), se: z.number() })),
      baseline: Metrics,
      /** Of a forecast: the seasonal-naive baseline on the hold-out. */
      seasonal: Metrics.optional(),
      holdoutLook: z.number().int(),
      threshold: z.number().nullable(),
      candidates: z.array(BoardRow),
      features: z.array(z.object({ name: z.string(), importance: z.number() })),
      dropped: z.array(Dropped),
      /** What was changed so that the training fits into its memory; absent where nothing was. */
      adjustments: z.array(Adjustment).optional(),
    })
    .optional(),
  predictions: z.object({ dataset: z.string(), rows: z.number().int() }).optional(),
  deployment: z.object({ name: z.string(), url: z.string() }).optional(),
  monitoring: z.object({ schedule: z.string(), nextRun: z.string() }).optional(),
  cost: z
    .object({
      estimatedUsd: z.number(),
      actualUsd: z.number(),
      estimatedCpuSeconds: z.number(),
      actualCpuSeconds: z.number(),
      seconds: z.number(),
      peakMemoryMb: z.number(),
    })
    .optional(),
  drift: z
    .object({
      verdict: z.string(),
      reason: z.string(),
      reference: z.string(),
      current: z.string(),
      columns: z.array(
        z.object({
          name: z.string(),
          method: z.string(),
          score: z.number().nullable(),
          threshold: z.number().nullable(),
          verdict: z.string(),
        }),
      ),
    })
    .optional(),
  /**
   * Where a model was to be improved: each round with what was tried and what it came to out of fold, what the one look at the
   * hold-out said (null where none was taken), and whether the challenger was kept. `thoughts`: what came of a language model's
   * proposals by round; absent where none is set.
   */
  improvement: z
    .object({
      rounds: z.array(TriedRound),
      why: z.string().nullable(),
      lift: PairedLift.nullable(),
      look: z.number().int().nullable(),
      kept: z.boolean(),
      thoughts: z.array(Thought).optional(),
    })
    .optional(),
  /** The output of a single tool that was asked for, as it came. */
  output: z.unknown().optional(),
});
export type Answer = z.infer<typeof Answer>;

/** A request: the same over HTTP and from `--json`. Every key is always there. */
export const RequestView = z.object({
  id: z.string(),
  text: z.string(),
  by: z.string(),
  purpose: z.string(),
  status: RequestStatus,
  question: Question.nullable(),
  approval: ApprovalView.nullable(),
  goals: z.array(Goal),
  assumptions: z.array(z.string()),
  plan: z.array(StepView),
  answer: Answer.nullable(),
  error: ErrorView.nullable(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
});
export type RequestView = z.infer<typeof RequestView>;

/** What `planner.ask` takes beside the signed acceptance: words, or goals with arguments, or one tool to call. */
export const Ask = z.object({
  text: z.string().max(4000),
  goals: z.array(Goal).max(50).optional(),
  arguments: z.record(z.string(), z.unknown()).optional(),
  call: z.object({ tool: z.string(), input: z.record(z.string(), z.unknown()) }).optional(),
  /** A name for the model. */
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,62}$/)
    .optional(),
  /** The asker confirmed beforehand what they may confirm themselves. */
  confirmed: z.boolean().optional(),
  conversation: z.string().max(200).optional(),
  /** The request must have ended by then; never longer than the setting allows. */
  withinMinutes: z.number().positive().max(1440).optional(),
});
export type Ask = z.infer<typeof Ask>;
