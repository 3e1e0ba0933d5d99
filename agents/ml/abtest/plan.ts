import { fault } from "@muster/shared/fault.ts";
import { normalQuantile } from "@muster/shared/stats/distributions.ts";
import { z } from "zod";
import { ShiftLimit } from "./canary.ts";
import { halfWidth, rhoFor } from "./sequence.ts";

/**
 * What a test compares and by which rules, fixed before it begins.
 * `measure`: `outcome`, the share of the positive class (or the mean number) among entities that a version answered; `loss`, the
 * mean squared error of what it answered. `baseline` and `deviation` of one entity's value: from the live model's hold-out as it
 * was judged, unless said. `effect` is the difference that must be found, absolute; `share` the challenger's of the traffic
 * (null: in shadow, where both answer the same rows). `entities`: how many are needed in all, by a test looked at once and by the
 * sequence, which may be looked at any time.
 */
export const TestPlan = z.object({
  measure: z.enum(["outcome", "loss"]),
  better: z.enum(["higher", "lower"]),
  baseline: z.number(),
  deviation: z.number().nonnegative(),
  effect: z.number().positive(),
  power: z.number(),
  alpha: z.number(),
  share: z.number().gt(0).lt(1).nullable(),
  entities: z.object({ once: z.number().int(), sequence: z.number().int() }),
  /** `shift`: absent in tests that were begun before there was one; then the usual one holds. */
  guardrails: z.object({
    failures: z.number(),
    latency: z.number(),
    missing: z.number(),
    shift: ShiftLimit.optional(),
  }),
});
export type TestPlan = z.infer<typeof TestPlan>;

/** What a test is planned from. `binary`: a share, whose deviation its level tells. */
export type Wanted = Omit<TestPlan, "entities"> & { binary: boolean };

/**
 * The plan with its sample size. Once: two proportions by Fleiss, Levin and Paik (2003), without continuity correction,
 * the effect in the direction that is better; means and pairs by the normal formula. Sequence: the first n at which the
 * sequence's half width and the power's quantile together are below the effect. `invalid_input` for an effect of 0, a power
 * or an α outside (0, 1), or an effect that leaves 0..1.
 */
export function planTest({ binary, ...wanted }: Wanted): TestPlan {
  const { effect, power, alpha, baseline, better, share, deviation } = wanted;
  if (!(effect > 0))
    throw fault("invalid_input", "an effect of 0 can't be tested for; say the smallest one that matters");
  for (const [name, value] of [
    ["power", power],
    ["alpha", alpha],
  ] as const)
    if (!(value > 0 && value < 1)) throw fault("invalid_input", `${name} must lie between 0 and 1, both left out`);
  if (power <= alpha) throw fault("invalid_input", "the power must be above alpha, or chance alone would reach it");
  const other = baseline + (better === "higher" ? effect : -effect);
  if (binary && wanted.measure === "outcome" && !(other > 0 && other < 1 && baseline > 0 && baseline < 1))
    throw fault(
      "invalid_input",
      `a share of ${round(baseline)} can't move by ${effect} to ${round(other)}; say a smaller effect, or the baseline`,
    );
  const groups = share === null ? 2 : 1 / share + 1 / (1 - share);
  const za = normalQuantile(1 - alpha / 2);
  const zb = normalQuantile(power);
  const shares = binary && wanted.measure === "outcome" && share !== null;
  const once = shares
    ? proportions({ from: baseline, to: other, share, za, zb })
    : ((za + zb) ** 2 * deviation ** 2 * groups) / effect ** 2;
  const spread = shares
    ? Math.sqrt((baseline * (1 - baseline)) / (1 - share) + (other * (1 - other)) / share)
    : deviation * Math.sqrt(groups);
  const entities = { once: Math.ceil(once), sequence: sequential(spread, Math.max(1, once), { effect, alpha, zb }) };
  return { ...wanted, entities };
}

const round = (value: number): number => Number(value.toPrecision(4));

function proportions({
  from,
  to,
  share,
  za,
  zb,
}: {
  from: number;
  to: number;
  share: number;
  za: number;
  zb: number;
}): number {
  const pooled = (1 - share) * from + share * to;
  const nothing = Math.sqrt(pooled * (1 - pooled) * (1 / (1 - share) + 1 / share));
  const effect = Math.sqrt((from * (1 - from)) / (1 - share) + (to * (1 - to)) / share);
  return ((za * nothing + zb * effect) / (to - from)) ** 2;
}

function sequential(
  deviation: number,
  tuned: number,
  { effect, alpha, zb }: { effect: number; alpha: number; zb: number },
): number {
  const rho = rhoFor(tuned, alpha);
  const enough = (n: number) => halfWidth({ n, deviation, alpha, rho }) + (zb * deviation) / Math.sqrt(n) <= effect;
  let high = 1;
  while (!enough(high)) high *= 2;
  let low = high / 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return Math.ceil(high);
}
