import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin, parseDatasetRef, pinOf } from "@muster/shared/domain/dataset.ts";
import { datasetNode } from "@muster/shared/domain/lineage.ts";
import { checkEnough } from "@muster/shared/features/enough.ts";
import { labelReads } from "@muster/shared/features/label-rule.ts";
import { compileLabels } from "@muster/shared/features/labels.ts";
import { labelLineage } from "@muster/shared/features/lineage.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { z } from "zod";
import type { PipelineDeps } from "../index.ts";
import { CutoffCount, countLabels, toldByCutoff } from "../label-counts.ts";
import { beginRun } from "../runs/run.ts";
import { clearedSources } from "../sources.ts";

const split = z.object({ training: z.number().int(), holdout: z.number().int(), scoring: z.number().int() });

export const buildLabels = tool({
  name: "build_labels",
  does: "Builds one row per entity and cutoff with its label and when that was known, split into training, sealed hold-out and scoring by rule.",
  effect: "write",
  input: z.object({}),
  output: z.object({
    dataset: DatasetPin,
    classes: z.array(z.string()),
    rows: split,
    cutoffs: z.array(CutoffCount),
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
    const { cutoffs, classes } = await withPins(lake, [pin], { threads }, (reader) =>
      countLabels(reader, problem, quoteIdent(written.name)),
    );
    const total = (side: string) => cutoffs.reduce((sum, { split, rows }) => sum + (split === side ? rows : 0), 0);
    const rows = {
      training: total("training"),
      holdout: total("holdout"),
      scoring: problem.label.kind === "column" ? written.rows : total("scoring"),
    };
    checkEnough(problem.task, {
      training: { classes: classes.training, rows: rows.training },
      holdout: { classes: classes.holdout, rows: rows.holdout },
    });
    context.lineage({ outputs: [{ ...datasetNode(pin), columns: labelLineage(problem, own) }] });
    finish({ output: pin, rows: written.rows, asOf: problem.now });
    emit("labels_built", { dataset: pin, problem: problem.hash });
    const told = toldByCutoff(cutoffs);
    const verdict = `${rows.training} training, ${rows.holdout} hold-out, ${rows.scoring} to score${told === "" ? "" : `; ${told}`}`;
    return { dataset: pin, classes: classes.training.map(({ label }) => label).sort(), rows, cutoffs, verdict };
  },
});
