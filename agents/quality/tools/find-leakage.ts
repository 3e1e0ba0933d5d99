import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { allowedColumns, Leakage } from "@muster/shared/domain/leakage.ts";
import type { ReadableTable } from "@muster/shared/features/timing/measure-timing.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import type { QualityDeps } from "../index.ts";
import { findLeakage as find } from "../leakage/find-leakage.ts";
import { questionOf } from "../leakage/question.ts";

export const findLeakage = tool({
  name: "find_leakage",
  does: "Finds columns that tell the target because they were known only with it or later: by strength, by what it is made of, by name and by timing, on training rows.",
  effect: "read",
  input: z.object({}),
  output: Leakage.extend({ verdict: z.string() }),
  needs: [
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned", as: "scope" },
    { is: "labels.built", as: "labels" },
    { is: "training.cleared", as: "cleared" },
  ],
  gives: [{ is: "leakage.found" }],
  cost: { ms: 600 },
  run: async ({ problem, scope, labels, cleared }, { lake, threads, store }: Context & QualityDeps) => {
    const tables: ReadableTable[] = [];
    for (const pin of cleared.datasets) {
      const manifest = await lake.manifest(pin);
      const columns = manifest.columns.filter(({ name }) => {
        const column = cleared.columns[`${manifest.name}.${name}`];
        return column !== undefined && (column.role === "feature" || column.role === "key" || column.use !== null);
      });
      tables.push({ manifest: { ...manifest, columns }, relation: manifest.name });
    }
    const own = `${problem.dataset}.`;
    const features = Object.entries(cleared.columns).filter(
      ([column, { role }]) => role === "feature" && column.startsWith(own),
    );
    const candidates = new Set(features.map(([column]) => column.slice(own.length)));
    const limits = { threads, memoryMb: 2048 };
    const leaks = await withPins(lake, cleared.datasets, limits, (reader) =>
      find(reader, problem, { tables, joins: scope.joins, candidates, rows: labels.rows.training }),
    );
    const allowed = await store.allowances(questionOf(problem));
    const out = leaks.filter(({ column }) => !allowedColumns({ leaks, allowed }).has(column));
    const [first] = out;
    const verdict =
      first === undefined
        ? `no column tells ${problem.target} by itself${allowed.length > 0 ? `, but for ${allowed.length} that a person allowed` : ""}`
        : `${out.length} columns leak ${problem.target}: ${first.column} (${first.reason}, ${Number(first.number.toPrecision(4))})${out.length > 1 ? " and others" : ""}`;
    return { leaks, allowed, verdict };
  },
});
