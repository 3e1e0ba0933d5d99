import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin, parseDatasetRef, pinOf } from "@muster/shared/domain/dataset.ts";
import { datasetNode, viewNode } from "@muster/shared/domain/lineage.ts";
import { Horizon } from "@muster/shared/domain/problem.ts";
import { datasetsRead } from "@muster/shared/features/kinds.ts";
import { checkLeaks, unmeasured } from "@muster/shared/features/leaks.ts";
import { matrixLineage } from "@muster/shared/features/lineage.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { z } from "zod";
import { backfillCutoffs, compileBackfill } from "../backfill.ts";
import { checkWritten } from "../check-written.ts";
import { checkCleared } from "../cleared-view.ts";
import type { PipelineDeps } from "../index.ts";
import { beginRun } from "../runs/run.ts";
import { clearedSources } from "../sources.ts";

const day = z.iso.date();

export const backfill = tool({
  name: "backfill",
  does: "Writes a feature view for the cutoffs of a span of the past, each as it was known then, into one dataset of entity, cutoff and features.",
  effect: "write",
  long: true,
  input: z.object({ from: day, to: day, every: Horizon.default({ count: 1, unit: "month" }) }),
  output: z.object({
    dataset: DatasetPin,
    rows: z.number().int(),
    cutoffs: z.array(z.string()),
    verdict: z.string(),
  }),
  needs: [
    { is: "view.registered", as: "view" },
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned", as: "scope" },
    { is: "training.cleared", as: "cleared" },
  ],
  gives: [
    {
      is: "features.backfilled",
      value: ({ dataset, rows, cutoffs }) => ({ dataset, rows, cutoffs }),
      about: ({ dataset }) => ({ backfill: dataset }),
    },
  ],
  cost: { ms: 3000 },
  run: async ({ from, to, every, view, problem, cleared }, context: Context & PipelineDeps) => {
    const { lake, store, runs, threads, request, now, commit, emit } = context;
    const what = { tool: "backfill", problem, view: view.view.hash, input: { from, to, every } } as const;
    const finish = await beginRun(context, runs, what);
    checkCleared(view.view, cleared);
    const { dataset, tables, dated, dialect } = await clearedSources(lake, problem.dataset, cleared);
    checkLeaks(view.view.features, problem, unmeasured(dated));
    const cutoffs = backfillCutoffs(problem, { from, to, every });
    const read = datasetsRead(view.view);
    const inputs = cleared.datasets.filter((pin) => read.has(parseDatasetRef(pin).name));
    context.lineage({ inputs: [...inputs.map(datasetNode), viewNode(view.view)] });
    const written = await writeQuery(lake, {
      name: `${view.view.name.slice(0, 50)}_backfill`,
      kind: "features",
      sql: compileBackfill(dialect, problem, view.view, { dataset, tables }, cutoffs),
      inputs,
      time: "__cutoff",
      origin: `view ${view.view.hash.slice(0, 12)}, ${cutoffs.length} cutoffs from ${from} to ${to}`,
      check: (engine, relation) => checkWritten(engine, relation, "backfill"),
      now: now(),
      limits: { threads, memoryMb: 2048, timeLimitMs: 600_000 },
    });
    const pin = pinOf(written.name, written.version);
    commit((trx) =>
      store.saveMaterialization(trx, {
        ...{ pin, view: view.view.hash, role: "backfill", rows: written.rows, request },
        at: now().toISOString(),
      }),
    );
    const columns = matrixLineage(problem, view.view, inputs, { labelled: false });
    context.lineage({ outputs: [{ ...datasetNode(pin), columns }] });
    finish({ output: pin, rows: written.rows, asOf: cutoffs.at(-1)! });
    emit("features_materialized", { dataset: pin, role: "backfill", view: view.view.hash });
    const verdict = `${written.rows} rows over ${cutoffs.length} cutoffs, ${cutoffs[0]} to ${cutoffs.at(-1)}`;
    return { dataset: pin, rows: written.rows, cutoffs, verdict };
  },
});
