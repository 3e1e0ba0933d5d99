import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin, parseDatasetRef, pinOf } from "@muster/shared/domain/dataset.ts";
import { datasetNode, viewNode } from "@muster/shared/domain/lineage.ts";
import { datasetsRead } from "@muster/shared/features/kinds.ts";
import { checkLeaks, unmeasured } from "@muster/shared/features/leaks.ts";
import { matrixLineage } from "@muster/shared/features/lineage.ts";
import { compileMatrix } from "@muster/shared/features/matrix.ts";
import { onlineFeatures } from "@muster/shared/features/online-groups.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { z } from "zod";
import { checkWritten } from "../check-written.ts";
import { checkCleared } from "../cleared-view.ts";
import type { PipelineDeps } from "../index.ts";
import { writeOnline } from "../online/rebuild.ts";
import { beginRun } from "../runs/run.ts";
import { clearedSources } from "../sources.ts";

const role = z.enum(["training", "holdout", "scoring"]);

export const materializeFeatures = tool({
  name: "materialize_features",
  does: "Writes the matrix of a feature view for one role (training, holdout, scoring), a file each, known at the cutoff only.",
  effect: "write",
  long: true,
  // What is scored on older data goes live nowhere: that wants the newest. It may stand beside what is live, to be compared with it.
  fresh: ({ role }) => role !== "scoring",
  input: z.object({ role }),
  output: z.object({
    role,
    dataset: DatasetPin,
    rows: z.number().int(),
    columns: z.array(z.object({ name: z.string(), type: z.enum(["number", "category"]) })),
    asOf: z.string().nullable(),
    verdict: z.string(),
  }),
  needs: [
    { is: "view.registered", as: "view" },
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned", as: "scope" },
    { is: "labels.built", as: "labels" },
    { is: "training.cleared", as: "cleared" },
  ],
  gives: [{ is: "features.materialized", role: "role", about: ({ role, dataset }) => ({ [role]: dataset }) }],
  cost: { ms: 1000 },
  run: async ({ role, view, problem, cleared }, context: Context & PipelineDeps) => {
    const { lake, store, runs, threads, request, now, commit, emit } = context;
    const what = { tool: "materialize_features", problem, view: view.view.hash, input: { role } } as const;
    const finish = await beginRun(context, runs, what);
    checkCleared(view.view, cleared);
    const { dataset, tables, dated, dialect } = await clearedSources(lake, problem.dataset, cleared);
    checkLeaks(view.view.features, problem, unmeasured(dated));
    const { sql, columns } = compileMatrix(dialect, problem, view.view, { dataset, tables }, role);
    const read = datasetsRead(view.view);
    const inputs = cleared.datasets.filter((pin) => read.has(parseDatasetRef(pin).name));
    context.lineage({ inputs: [...inputs.map(datasetNode), viewNode(view.view)] });
    const written = await writeQuery(lake, {
      name: `${view.view.name.slice(0, 50)}_${role}`,
      kind: "features",
      sql,
      inputs,
      origin: `view ${view.view.hash.slice(0, 12)}, ${role}`,
      check: (engine, relation) => checkWritten(engine, relation, role),
      now: now(),
      limits: { threads, memoryMb: 2048, timeLimitMs: 600_000 },
    });
    if (role === "scoring" && onlineFeatures(view.view, problem).length > 0) {
      const columns = Object.fromEntries([...read].map((name) => [name, [...tables[name]!.columns]]));
      const online = { view: view.view, problem, columns, pins: inputs };
      await context.online.save(online, now());
      await writeOnline(context, online);
    }
    const pin = pinOf(written.name, written.version);
    const asOf = role === "scoring" ? (problem.cutoffs.scoring ?? problem.now) : null;
    commit((trx) =>
      store.saveMaterialization(trx, {
        pin,
        view: view.view.hash,
        role,
        rows: written.rows,
        request,
        at: now().toISOString(),
      }),
    );
    const columnLineage = matrixLineage(problem, view.view, inputs, { labelled: role !== "scoring" });
    context.lineage({ outputs: [{ ...datasetNode(pin), columns: columnLineage }] });
    finish({ output: pin, rows: written.rows, asOf: asOf ?? problem.now });
    emit("features_materialized", { dataset: pin, role, view: view.view.hash });
    return {
      role,
      dataset: pin,
      rows: written.rows,
      columns,
      asOf,
      verdict: `${role}: ${written.rows} rows × ${columns.length} features, version ${written.version.slice(0, 12)}`,
    };
  },
});
