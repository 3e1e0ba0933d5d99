import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { Estimate } from "@muster/shared/domain/estimate.ts";
import { calibrate } from "@muster/shared/estimate/calibrate.ts";
import { z } from "zod";
import { inUsd } from "../budget.ts";
import { estimateTraining as estimate, replay } from "../estimate.ts";
import type { CostDeps } from "../index.ts";
import { worksOf } from "../works-of.ts";

/** Parts of runs that are looked at, over all algorithms: calibrating takes milliseconds, replaying a few tenths of a second. */
const newest = 400;

export const estimateTraining = tool({
  name: "estimate_training",
  does: "Estimates what training the chosen candidates takes, with intervals, from the runs that finished on this machine.",
  effect: "read",
  input: z.object({}),
  output: Estimate.extend({ verdict: z.string() }),
  needs: [
    { is: "candidates.chosen", as: "chosen" },
    { is: "training_set.passed", as: "training_set" },
  ],
  gives: [{ is: "training.estimated" }],
  cost: { ms: 300 },
  run: async ({ chosen }, { store, prices, speed, threads, shown }: Context & CostDeps) => {
    const runs = await store.runs.finished(newest);
    const { medianError } = replay(runs, speed, "cpu");
    const model = calibrate(runs, speed);
    const found = estimate(model, worksOf(chosen, threads, problemOf(shown)), await prices(), medianError);
    const { usd, cpuSeconds, basedOn } = found;
    const from =
      basedOn.runs > 0
        ? `${basedOn.runs} finished ${basedOn.runs === 1 ? "run" : "runs"}`
        : "this machine's benchmark alone";
    const verdict = `about ${inUsd(usd.mid)} (${inUsd(usd.low)} to ${inUsd(usd.high)}), ${cpuSeconds.mid.toFixed(0)} CPU-seconds, from ${from}`;
    return { ...found, verdict };
  },
});

/** The problem that the candidates were chosen for. */
const problemOf = (shown: Context["shown"]): string | undefined => {
  const problem = shown.find(({ fact }) => fact === "candidates.chosen")?.about.problem;
  return typeof problem === "string" ? problem : undefined;
};
