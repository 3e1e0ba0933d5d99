import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { sha256 } from "@muster/shared/canonical.ts";
import { parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { FeatureView } from "@muster/shared/domain/feature.ts";
import { allowedColumns, refusedColumns } from "@muster/shared/domain/leakage.ts";
import { datasetNode, viewNode } from "@muster/shared/domain/lineage.ts";
import { datasetsRead } from "@muster/shared/features/kinds.ts";
import { checkLeaks, unmeasured } from "@muster/shared/features/leaks.ts";
import { viewLineage } from "@muster/shared/features/lineage.ts";
import { compileMatrix } from "@muster/shared/features/matrix.ts";
import { measureLeaks } from "@muster/shared/features/measure-leaks.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { checkCleared } from "../cleared-view.ts";
import type { PipelineDeps } from "../index.ts";
import { clearedSources } from "../sources.ts";

export const registerFeatureView = tool({
  name: "register_feature_view",
  does: "Compiles a feature view to SQL over cleared columns only, and keeps both with their hashes.",
  effect: "write",
  input: z.object({}),
  output: z.object({
    view: FeatureView,
    sql: z.string(),
    sqlHash: z.string(),
    columns: z.array(z.object({ name: z.string(), type: z.enum(["number", "category"]) })),
    rawColumns: z.array(z.object({ name: z.string(), type: z.string() })),
    verdict: z.string(),
  }),
  needs: [
    { is: "view.defined", as: "view" },
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned", as: "scope" },
    { is: "labels.built", as: "labels" },
    { is: "training.cleared", as: "cleared" },
    { is: "leakage.found", as: "leakage" },
  ],
  gives: [{ is: "view.registered" }],
  cost: { ms: 50 },
  run: async ({ view, problem, labels, cleared, leakage }, context: Context & PipelineDeps) => {
    const { lake, store, threads, now, commit, emit } = context;
    checkCleared(view, cleared);
    const { dataset, tables, dated, pins, dialect } = await clearedSources(lake, problem.dataset, cleared);
    checkLeaks(view.features, problem, unmeasured(dated));
    const { rows } = labels;
    const source = { tables: Object.values(dated).map((manifest) => ({ manifest, relation: manifest.name })) };
    const facts = await withPins(lake, pins, { threads, memoryMb: 2048 }, (reader) =>
      measureLeaks(reader, problem, view.features, {
        ...{ ...source, rows: rows.training },
      }),
    );
    // What a person confirmed to be known in time may tell the target; what quality found besides may not.
    const refused = [...refusedColumns(leakage)];
    const allowed = allowedColumns(leakage);
    const telling = Object.entries(facts.telling).filter(([column]) => !allowed.has(column));
    checkLeaks(view.features, problem, { ...facts, telling: Object.fromEntries([...refused, ...telling]) });
    const { sql, columns, rawColumns } = compileMatrix(dialect, problem, view, { dataset, tables }, "training");
    const sqlHash = sha256(sql);
    const scoringSql = compileMatrix(dialect, problem, view, { dataset, tables }, "scoring").sql;
    const read = datasetsRead(view);
    const sources = Object.fromEntries(
      pins
        .map((pin) => parseDatasetRef(pin))
        .filter(({ name }) => read.has(name))
        .map(({ name, version }) => [name, { version: version!, columns: tables[name]!.columns.map((c) => c.name) }]),
    );
    commit((trx) => store.saveView(trx, { view, compiled: { sql, sqlHash, scoringSql, sources }, at: now() }));
    const inputs = pins.filter((pin) => read.has(parseDatasetRef(pin).name)).map(datasetNode);
    context.lineage({ inputs, outputs: [{ ...viewNode(view), columns: viewLineage(problem, view, pins) }] });
    emit("view_registered", { view: view.hash, name: view.name });
    return {
      view,
      sql,
      sqlHash,
      columns,
      rawColumns,
      verdict: `${view.name}: ${columns.length} features over ${read.size} table(s), SQL ${sqlHash.slice(0, 12)}`,
    };
  },
});
