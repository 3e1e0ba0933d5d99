import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { asFault } from "@muster/shared/fault.ts";
import { checkEnough } from "@muster/shared/features/enough.ts";
import { addHorizon, dateOf, momentOf } from "@muster/shared/features/horizon.ts";
import { labelReads } from "@muster/shared/features/label-rule.ts";
import { compileLabels } from "@muster/shared/features/labels.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import type { PipelineDeps } from "../index.ts";
import { CutoffCount, countLabels, toldByCutoff } from "../label-counts.ts";
import { clearedSources } from "../sources.ts";

export const previewLabels = tool({
  name: "preview_labels",
  does: "Says what a prediction problem asks in one sentence, and per cutoff how many rows it has, how often or how much the label is, and which rows are still open, before anything is built or trained.",
  effect: "read",
  input: z.object({}),
  output: z.object({
    problem: z.string(),
    sentence: z.string(),
    assumptions: z.array(z.string()),
    rows: z.object({ training: z.number().int(), holdout: z.number().int(), scoring: z.number().int() }),
    /**
     * Beside training, hold-out and scoring: `open`, cutoffs whose windows haven't closed. `censored`: rows without a label
     * for it, open ones, and those that the rule has no label for; they are neither negatives nor training rows.
     */
    cutoffs: z.array(CutoffCount.extend({ censored: z.number().int() })),
    classes: z.array(z.object({ label: z.string(), rows: z.number().int() })),
    /** Why it is too little to learn from; null where it is enough. */
    lacking: z.string().nullable(),
    verdict: z.string(),
  }),
  needs: [
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned", as: "scope" },
    // Labels are values of columns: who may not learn from them may not see how often they are either.
    { is: "training.cleared", as: "cleared" },
  ],
  cost: { ms: 800 },
  run: async ({ problem, cleared }, { lake, threads }: Context & PipelineDeps) => {
    const { dataset, tables, pins, dialect } = await clearedSources(lake, problem.dataset, cleared);
    const read = new Set(labelReads(problem).map(({ dataset }) => dataset));
    const own = pins.filter((pin) => read.has(parseDatasetRef(pin).name));
    const labels = (of: Problem) => `(${compileLabels(dialect, of, dataset, tables)})`;
    const limits = { threads, memoryMb: 2048, timeLimitMs: 50_000 };
    const { counted, asked } = await withPins(lake, own, limits, async (reader) => {
      const counted = await countLabels(reader, problem, labels(problem));
      const asked = new Map<string, number>();
      const { training, holdout } = problem.cutoffs;
      const closed = [...training, ...(holdout === null ? [] : [holdout])];
      for (const cutoff of [...closed, ...openCutoffs(problem)]) {
        const at = { ...problem, cutoffs: { training: [], holdout: null, scoring: cutoff } };
        const [row] = await reader.query(`SELECT count(*) AS n FROM ${labels(at)} AS asked`);
        asked.set(cutoff, Number(row!.n));
      }
      return { counted, asked };
    });
    const open = openCutoffs(problem).map((cutoff) => {
      const censored = asked.get(cutoff)!;
      return { cutoff, split: "open", rows: 0, positives: null, rate: null, mean: null, censored };
    });
    const cutoffs = [
      ...counted.cutoffs.map((one) => {
        const all = one.split === "scoring" || one.cutoff === null ? undefined : asked.get(one.cutoff);
        return { ...one, censored: all === undefined ? 0 : all - one.rows };
      }),
      ...open,
    ].sort((a, b) => ((a.cutoff ?? "") < (b.cutoff ?? "") ? -1 : 1));
    const total = (side: string) => cutoffs.reduce((sum, { split, rows }) => sum + (split === side ? rows : 0), 0);
    const all = cutoffs.reduce((sum, { rows }) => sum + rows, 0);
    const rows = {
      training: total("training"),
      holdout: total("holdout"),
      // Every row of a flat table is scored.
      scoring: problem.label.kind === "column" ? all : total("scoring"),
    };
    const lacking = lackingOf(problem, counted.classes, rows);
    const censored = cutoffs.reduce((sum, one) => sum + one.censored, 0);
    const said = [
      `${rows.training} rows to learn from, ${rows.holdout} held out, ${rows.scoring} to score`,
      ...[toldByCutoff(counted.cutoffs)].filter((told) => told !== ""),
      ...(censored > 0 ? [`${censored} rows without a label yet or at all`] : []),
      ...(lacking === null ? [] : [`too little to learn from: ${lacking}`]),
    ];
    return {
      ...{ problem: problem.hash, sentence: problem.sentence, assumptions: problem.assumptions, rows, cutoffs },
      ...{ classes: counted.classes.training, lacking, verdict: `${problem.sentence} ${said.join("; ")}.` },
    };
  },
});

/** The cutoffs after the hold-out's, one horizon apart, whose windows are still open at the one to score. */
function openCutoffs({ cutoffs, horizon }: Problem): string[] {
  const { holdout, scoring } = cutoffs;
  if (holdout === null || scoring === null || horizon === null) return [];
  const open: string[] = [];
  for (let k = 1; ; k++) {
    const cutoff = dateOf(addHorizon(momentOf(holdout), horizon, k));
    if (cutoff >= scoring) return open;
    open.push(cutoff);
  }
}

function lackingOf(
  problem: Problem,
  classes: Record<"training" | "holdout", { label: string; rows: number }[]>,
  rows: { training: number; holdout: number },
): string | null {
  try {
    checkEnough(problem.task, {
      training: { classes: classes.training, rows: rows.training },
      holdout: { classes: classes.holdout, rows: rows.holdout },
    });
    return null;
  } catch (error) {
    return asFault(error).message;
  }
}
