import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin, parseDatasetRef, pinOf } from "@muster/shared/domain/dataset.ts";
import { datasetNode } from "@muster/shared/domain/lineage.ts";
import { checkEnough } from "@muster/shared/features/enough.ts";
import { labelReads, positiveOf } from "@muster/shared/features/label-rule.ts";
import { compileLabels } from "@muster/shared/features/labels.ts";
import { labelLineage } from "@muster/shared/features/lineage.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { z } from "zod";
import type { PipelineDeps } from "../index.ts";
import { beginRun } from "../runs/run.ts";
import { clearedSources } from "../sources.ts";

const split = z.object({ training: z.number().int(), holdout: z.number().int(), scoring: z.number().int() });

/** Rates that a verdict tells one by one; of more it says from where to where they go. */
const mostRates = 8;

export const buildLabels = tool({
  name: "build_labels",
  does: "Builds one row per entity and cutoff with its label and when that was known, split into training, sealed hold-out and scoring by rule.",
  effect: "write",
  input: z.object({}),
  output: z.object({
    dataset: DatasetPin,
    classes: z.array(z.string()),
    rows: split,
    cutoffs: z.array(
      z.object({
        cutoff: z.string().nullable(),
        split: z.string(),
        rows: z.number().int(),
        rate: z.number().nullable(),
      }),
    ),
    verdict: z.string(),
  }),
  needs: [
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned", as: "scope" },
    { is: "training.cleared", as: "cleared" },
  ],
  gives: [{ is: "labels.built" }],
  cost: { ms: 500 },
  run: async ({ problem, cleared }, context: Context & PipelineDeps) => {
    const { lake, runs, threads, now, emit } = context;
    const finish = await beginRun(context, runs, { tool: "build_labels", problem, view: null, input: {} });
    const { dataset, tables, pins, dialect } = await clearedSources(lake, problem.dataset, cleared);
    const read = new Set(labelReads(problem).map(({ dataset }) => dataset));
    const own = pins.filter((pin) => read.has(parseDatasetRef(pin).name));
    context.lineage({ inputs: own.map(datasetNode) });
    const written = await writeQuery(lake, {
      name: `${problem.name.slice(0, 50)}_labels`,
      kind: "labels",
      sql: compileLabels(dialect, problem, dataset, tables),
      inputs: own,
      origin: `labels of ${problem.hash.slice(0, 12)}`,
      now: now(),
      limits: { threads },
    });
    const pin = pinOf(written.name, written.version);
    const counts = await withPins(lake, [pin], { threads }, (engine) =>
      engine.query<{ split: string; cutoff: string | null; label: string | null; n: number }>(
        `SELECT __split AS split, __cutoff::DATE::VARCHAR AS cutoff, __label::VARCHAR AS label, count(*)::DOUBLE AS n FROM "${written.name}" GROUP BY ALL ORDER BY ALL`,
      ),
    );
    const of = (side: string) => counts.filter((row) => row.split === side);
    const total = (rows: readonly { n: number }[]) => rows.reduce((sum, row) => sum + row.n, 0);
    const rows = {
      training: total(of("training")),
      holdout: total(of("holdout")),
      scoring: problem.label.kind === "column" ? written.rows : total(of("scoring")),
    };
    const byClass = (side: string) => {
      const classes = new Map<string, number>();
      if (problem.task !== "regression")
        for (const row of of(side)) classes.set(String(row.label), (classes.get(String(row.label)) ?? 0) + row.n);
      return [...classes].map(([label, n]) => ({ label, rows: n }));
    };
    checkEnough(problem.task, {
      training: { classes: byClass("training"), rows: rows.training },
      holdout: { classes: byClass("holdout"), rows: rows.holdout },
    });
    const positive = positiveOf(problem);
    const places = [...new Set(counts.map((row) => `${row.cutoff ?? ""}|${row.split}`))].sort();
    const cutoffs = places.map((place) => {
      const [cutoff, side] = place.split("|") as [string, string];
      const here = of(side).filter((row) => (row.cutoff ?? "") === cutoff);
      const labelled = here.filter((row) => row.label !== null);
      const rate =
        problem.task === "binary" && labelled.length > 0
          ? total(labelled.filter((row) => row.label === positive)) / total(labelled)
          : null;
      return { cutoff: cutoff || null, split: side, rows: total(here), rate };
    });
    context.lineage({ outputs: [{ ...datasetNode(pin), columns: labelLineage(problem, own) }] });
    finish({ output: pin, rows: written.rows, asOf: problem.now });
    emit("labels_built", { dataset: pin, problem: problem.hash });
    const classes = byClass("training")
      .map((one) => one.label)
      .sort();
    const rates = cutoffs.filter((one) => one.rate !== null);
    const percent = (rate: number) => `${(100 * rate).toFixed(1)} %`;
    const all = rates.map((one) => one.rate!);
    const shown =
      rates.length <= mostRates
        ? rates.map((one) => `${one.cutoff ?? one.split} ${percent(one.rate!)}`)
        : [`${percent(Math.min(...all))} to ${percent(Math.max(...all))} over ${rates.length} dates`];
    const verdict = `${rows.training} training, ${rows.holdout} hold-out, ${rows.scoring} to score${shown.length > 0 ? `; rate ${shown.join(", ")}` : ""}`;
    return { dataset: pin, classes, rows, cutoffs, verdict };
  },
});
