import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { ServingPackage } from "../serving/package.ts";
import type { Scored } from "../weighted-metrics.ts";
import { type CanaryLimits, type ShiftLimit, usualShift } from "./canary.ts";
import { planTest, type TestPlan } from "./plan.ts";
import { momentsOf } from "./sequence.ts";

/** How a person says a test: shares in percent, the rest as in `TestPlan`. */
export const testTerms = {
  /** The challenger's share of the entities. */
  trafficPercent: z.number().gt(0).lt(100).default(50),
  /** The challenger scores every keyed row and answers none. */
  shadow: z.boolean().default(false),
  /** Entities that are answered and never to be acted on. */
  controlPercent: z.number().min(0).max(50).default(0),
  /** Default: `outcome`; in shadow `loss`, since nobody acts on what it says. */
  measure: z.enum(["outcome", "loss"]).optional(),
  /** Which way the outcome is better; a loss is better when lower. */
  better: z.enum(["higher", "lower"]).optional(),
  /** The smallest difference that matters, absolute. Default: a tenth of the level now. */
  effect: z.number().optional(),
  power: z.number().default(0.8),
  alpha: z.number().default(0.05),
  /** The level of an entity's value now. Default: as the live model's hold-out was judged. */
  baseline: z.number().optional(),
  /**
   * How far the challenger's mean score may lie from the live version's on the same rows before it loses its traffic: by which factor the
   * odds of a class (default 2), or by how many standard deviations of the outcome a number (default 0.5).
   */
  shift: z.number().positive().optional(),
};
const Terms = z.object(testTerms);
export type Terms = z.infer<typeof Terms>;

/** What a challenger may do worse, as shares, and how many times as long it may take. */
const guardrails = { failures: 0.01, latency: 3, missing: 0.05 };

/** What a data plane holds the versions of a test to. */
export const limitsOf = ({ guardrails: { failures, latency, shift } }: TestPlan, classes: boolean): CanaryLimits => ({
  ...{ failures, latency, shift: shift ?? usualShift(classes) },
});

/** The shift that a person allows, in the terms of the task: a number's is in standard deviations of the outcome as it was judged. */
function shiftOf({ shift }: Terms, task: ServingPackage["output"]["task"], judged: Scored | null): ShiftLimit {
  const classes = task !== "regression";
  const spread = judged === null || classes ? Number.NaN : Math.sqrt(momentsOf(judged.labels).variance);
  const usual = usualShift(classes, spread > 0 ? spread : null);
  if (shift === undefined) return usual;
  if (classes && shift <= 1)
    throw fault("invalid_input", "`shift` is a factor of the odds of a class; pass one above 1, such as 2");
  return { ...usual, most: shift };
}

/**
 * The plan of a test in a person's terms. What an entity's value is and how it varies comes from the live model's hold-out as it
 * was judged. `invalid_input` where the direction of the outcome isn't said, `unfit` where there is nothing to take a level from.
 */
export function planFrom(terms: Terms, task: ServingPackage["output"]["task"], judged: Scored | null): TestPlan {
  const measure = terms.measure ?? (terms.shadow ? "loss" : "outcome");
  if (terms.shadow && measure === "outcome")
    throw fault("invalid_input", "nobody acts on a shadow, so outcomes can't differ by it; compare the loss");
  const better = measure === "loss" ? "lower" : terms.better;
  if (better === undefined)
    throw fault("invalid_input", "say which way the outcome is better: `better` higher or lower");
  if (measure === "loss" && terms.better === "higher")
    throw fault("invalid_input", "a loss is better when it is lower; leave `better` out");
  const values = judged && momentsOf(valuesOf(judged, measure));
  const baseline = terms.baseline ?? values?.mean;
  const share = measure === "outcome" && task !== "regression";
  const deviation =
    share && baseline !== undefined
      ? Math.sqrt(Math.max(0, baseline * (1 - baseline)))
      : Math.sqrt(values?.variance ?? Number.NaN);
  if (baseline === undefined || Number.isNaN(deviation))
    throw fault(
      "unfit",
      "the live model's hold-out was never judged, so there is no level to plan with; pass `baseline`",
    );
  const { effect = Math.abs(baseline) / 10, power, alpha } = terms;
  return planTest({
    ...{ measure, better, binary: share, baseline, deviation, effect, power, alpha },
    guardrails: { ...guardrails, shift: shiftOf(terms, task, judged) },
    share: terms.shadow ? null : terms.trafficPercent / 100,
  });
}

/** Each judged row's value of the measure. */
function valuesOf(judged: Scored, measure: TestPlan["measure"]): Float64Array {
  const { labels } = judged;
  if (judged.task === "regression")
    return Float64Array.from(labels, (y, i) => (measure === "outcome" ? y : (judged.values[i]! - y) ** 2));
  if (judged.task === "binary")
    return Float64Array.from(labels, (y, i) => (measure === "outcome" ? y : (judged.probabilities[i]! - y) ** 2));
  const last = judged.probabilities.length - 1;
  return Float64Array.from(labels, (y, i) =>
    measure === "outcome"
      ? Number(y === last)
      : judged.probabilities.reduce((sum, p, k) => sum + (p[i]! - Number(y === k)) ** 2, 0),
  );
}

/**
 * Refuses two versions that can't answer for one another: of other targets, with other answers, or where the challenger reads what
 * callers of the live one don't send. `invalid_input` names what differs.
 */
export function checkComparable(live: ServingPackage, challenger: ServingPackage): void {
  const subject = ({ problem }: ServingPackage) =>
    JSON.stringify([
      problem.dataset,
      problem.target,
      problem.task,
      problem.entity,
      problem.horizon,
      problem.label.kind,
    ]);
  const said = (what: string) =>
    fault(
      "invalid_input",
      `versions ${live.version} and ${challenger.version} of ${live.name} can't be tested against each other: ${what}`,
    );
  if (subject(live) !== subject(challenger)) throw said("they predict different things");
  if (JSON.stringify(live.output.classes) !== JSON.stringify(challenger.output.classes))
    throw said("they answer with different classes");
  if (live.input.entity === null) throw said("rows have no entity key, so they can't be split by entity");
  const sent = new Set(live.input.columns.map(({ name }) => name));
  const more = challenger.input.columns.map(({ name }) => name).filter((name) => !sent.has(name));
  if (more.length > 0)
    throw said(`version ${challenger.version} also reads ${more.slice(0, 5).join(", ")}, which callers don't send`);
}
