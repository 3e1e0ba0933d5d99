import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { Figure } from "@muster/shared/domain/fairness.ts";
import type { Confirmation } from "@muster/shared/domain/improvement.ts";
import type { Goal } from "@muster/shared/domain/request.ts";
import { fault } from "@muster/shared/fault.ts";
import { signed } from "@muster/shared/number-text.ts";
import { z } from "zod";
import type { MlDeps } from "../index.ts";
import { freshLooks } from "./evaluate-model.ts";

export const confirmImprovement = tool({
  name: "confirm_improvement",
  does: "Says whether a challenger's lift on the sealed hold-out is above zero: kept, or dropped with its number. Once a request.",
  effect: "write",
  input: z.object({}),
  /** The fact holds the rest: every figure of the lift, and what was tried. */
  output: z.object({
    kept: z.boolean(),
    round: z.number().int(),
    look: z.number().int(),
    metric: z.string(),
    lift: Figure.nullable(),
    verdict: z.string(),
  }),
  needs: [
    { is: "request.accepted" },
    { is: "improvement.compared", as: "compared" },
    { is: "run.finished", as: "run" },
    { is: "model.evaluated", as: "evaluation" },
  ],
  gives: [{ is: "improvement.confirmed", when: ({ kept }) => kept }],
  cost: { ms: 20 },
  next: ({ kept }, { compared }): Goal[] => {
    if (!kept || compared.best === null) return [];
    const on = { view: compared.best.view, challenger: compared.best.view };
    return [
      ...["model.registered", "model.explained", "deployment.live", "monitoring.started"].map((is) => ({ is, on })),
    ];
  },
  run: async (
    { compared, run, evaluation },
    { improvements, request, key, now, commit, emit, value }: Context & MlDeps,
  ) => {
    const { lift, look } = evaluation;
    if (compared.best === null || compared.best.model !== run.model || compared.challenger.model !== run.model)
      throw fault("precondition_failed", "the model shown isn't the one that was best out of fold; confirm that one", {
        missing: ["improvement.compared"],
      });
    if (!lift || lift.challenger !== run.model || lift.base !== compared.base.model)
      throw fault(
        "precondition_failed",
        "the hold-out was opened without the model to be improved; evaluate it again",
        {
          missing: ["model.evaluated"],
        },
      );
    const { round, tried } = compared;
    const fresh = look <= freshLooks;
    const kept = lift.above && fresh;
    commit((trx) =>
      improvements.insertConfirmed(trx, {
        ...{ request: request!, key, model: run.model, base: lift.base, kept, look },
        ...{ lift: lift.overall[lift.metric]?.lift?.value ?? null, at: now().toISOString() },
      }),
    );
    emit("improvement_confirmed", { model: run.model, base: lift.base, kept, look });
    const figure = lift.overall[lift.metric]?.lift;
    const number = figure
      ? `${lift.metric} ${signed(figure.value)} (95 %: ${signed(figure.low)} to ${signed(figure.high)})`
      : `${lift.metric} isn't defined on these rows`;
    value("improvement.confirmed", { round, lift, look, kept, tried } satisfies Confirmation);
    return {
      ...{ kept, round, look, metric: lift.metric, lift: figure ?? null },
      verdict: `${said(kept, lift.above)}: ${number} on ${lift.rows} sealed rows, look ${look} at them`,
    };
  },
});

const said = (kept: boolean, above: boolean): string =>
  kept ? "kept" : above ? "dropped, since promotion wants fresh data" : "no lift, dropped";
