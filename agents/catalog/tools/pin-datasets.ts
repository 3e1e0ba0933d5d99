import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetName, DatasetPin, pinOf } from "@muster/shared/domain/dataset.ts";
import { Join } from "@muster/shared/domain/join.ts";
import { z } from "zod";
import type { CatalogDeps } from "../index.ts";
import { joinsBetween, neighbours } from "../joins/known.ts";
import { reachable } from "../scope.ts";

/** How many of the datasets that were left out a verdict names. */
const namedApart = 5;
const apart = (names: readonly string[]): string =>
  names.length === 0
    ? ""
    : `; not looked at, since they stand in another place or can't be read now: ${names.slice(0, namedApart).join(", ")}${names.length > namedApart ? ` and ${names.length - namedApart} more` : ""}`;

export const pinDatasets = tool({
  name: "pin_datasets",
  does: "Pins the newest version of the label's table and of every table that joins make reachable from it.",
  effect: "read",
  input: z.object({}),
  output: z.object({
    datasets: z.array(z.object({ pin: DatasetPin, part: z.enum(["label", "entity", "related"]) })),
    joins: z.array(Join),
    /** Datasets that stand in another place than the label's, which no query reaches together with it, or can't be read. */
    elsewhere: z.array(DatasetName).default([]),
    verdict: z.string(),
  }),
  needs: [{ is: "problem.defined", as: "problem" }],
  gives: [{ is: "scope.pinned", about: ({ datasets }) => ({ scope: datasets.map(({ pin }) => pin).sort() }) }],
  cost: { ms: 300 },
  run: async ({ problem }, context: Context & CatalogDeps) => {
    const { table: label, tables, elsewhere } = await neighbours(context, problem.dataset, context.now());
    const joins = await joinsBetween(context, tables);
    const byName = new Map(tables.map((one) => [one.name, one]));
    const scope = reachable(label.name, problem.entity, joins);
    const names = new Set(scope.map(({ name }) => name));
    const datasets = scope.map(({ name, part }) => ({ pin: pinOf(name, byName.get(name)!.version), part }));
    const rows = scope.reduce((sum, { name }) => sum + byName.get(name)!.rows, 0);
    const kept = joins.filter(({ left, right }) => names.has(left.dataset) && names.has(right.dataset));
    return {
      datasets,
      joins: kept,
      elsewhere,
      verdict: `${datasets.length} table(s), ${rows} rows: ${scope.map(({ name }) => name).join(", ")}${apart(elsewhere)}`,
    };
  },
});
