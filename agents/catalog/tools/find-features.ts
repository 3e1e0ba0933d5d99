import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { classesOf } from "@muster/shared/domain/classification.ts";
import { type DatasetManifest, DatasetRef, parseDatasetRef, pinOf } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { entries } from "../entry.ts";
import { type Helpful, helpful } from "../helpful.ts";
import type { CatalogDeps } from "../index.ts";
import { joinsBetween, neighbours } from "../joins/known.ts";
import { reach, type Step } from "../reach.ts";

const side = z.object({ dataset: z.string(), column: z.string() });

export const findFeatures = tool({
  name: "find_features",
  does: "Finds which tables and columns could help predict a target, with the join path to each; what they are worth is not measured here.",
  effect: "read",
  long: true,
  input: z.object({
    dataset: DatasetRef,
    target: z.string().min(1).max(200),
    /** The column of the dataset that names who or what is predicted for. */
    entity: z.string().min(1).max(200).optional(),
    limit: z.number().int().min(1).max(1000).default(200),
  }),
  output: z.object({
    tables: z.array(
      z.object({
        dataset: z.string(),
        rows: z.number().int(),
        path: z.array(z.object({ from: side, to: side, cardinality: z.enum(["one", "many"]) })),
        classified: z.boolean(),
        columns: z.array(
          z.object({
            column: z.string(),
            type: z.string(),
            reading: z.enum(["as it is", "in its parts", "aggregated"]),
            why: z.string(),
          }),
        ),
        leftOut: z.array(z.object({ column: z.string(), reason: z.string() })),
      }),
    ),
    measured: z.literal(false),
    elsewhere: z.array(z.string()),
    verdict: z.string(),
  }),
  cost: { ms: 2000 },
  run: async ({ dataset, target, entity = null, limit }, context: Context & CatalogDeps) => {
    const { name } = parseDatasetRef(dataset);
    const { table, tables, elsewhere } = await neighbours(context, name, context.now());
    for (const column of [target, ...(entity === null ? [] : [entity])])
      if (!table.columns.some((one) => one.name === column))
        throw fault("not_found", `${name} has no column ${JSON.stringify(column)}; see catalog.describe_dataset`);
    const joins = await joinsBetween(context, tables);
    const paths = reach(name, entity, joins);
    const ways = [{ at: table, path: [] as Step[] }];
    for (const [to, path] of paths) ways.push({ at: tables.find((one) => one.name === to)!, path });
    const keys = Map.groupBy(
      joins.flatMap(({ left, right }) => [left, right]),
      (one) => one.dataset,
    );
    const found = [];
    for (const { at, path } of ways) {
      const own = new Set((keys.get(at.name) ?? []).map(({ column }) => column));
      if (at === table && entity !== null) own.add(entity);
      found.push(await lookAt(context, at, path, { target: at === table ? target : null, keys: own }));
    }
    const ranked = found.sort((a, b) => b.order - a.order || (a.dataset < b.dataset ? -1 : 1));
    let left = limit;
    const shown = ranked.map(({ order: _, ...one }) => {
      const columns = one.columns.slice(0, left);
      left -= columns.length;
      return { ...one, columns };
    });
    const count = ranked.reduce((sum, { columns }) => sum + columns.length, 0);
    return {
      tables: shown,
      measured: false as const,
      elsewhere,
      verdict: `${count} column(s) of ${ranked.length} table(s) could help to predict ${target}: ${ranked.map((one) => one.dataset).join(", ")}; not measured: ml.suggest_features relates them to the target on training rows`,
    };
  },
});

async function lookAt(
  context: CatalogDeps,
  at: DatasetManifest,
  path: readonly Step[],
  { target, keys }: { target: string | null; keys: ReadonlySet<string> },
) {
  const [entry] = await entries(context, [at]);
  const receipt = await context.evidence.newest("dataset.classified", { dataset: pinOf(at.name, at.version) });
  const held = receipt && (await context.evidence.value<"dataset.classified">(receipt));
  const classes = new Map(held?.columns.map((one) => [one.name, classesOf(one)]));
  const many = path.some((step) => step.many);
  const all = entry!.columns.map((column) => ({
    type: column.type,
    said: helpful(column, {
      ...{ rows: at.rows, target, keys, many },
      ...{ arrived: at.arrived, steps: path.length, classes: held ? (classes.get(column.name) ?? []) : null },
    }),
  }));
  const useful = all.flatMap(({ type, said }) => ("reading" in said ? [{ type, ...said }] : []));
  useful.sort((a, b) => b.order - a.order || (a.column < b.column ? -1 : 1));
  return {
    dataset: at.name,
    rows: at.rows,
    path: path.map(({ left, right, many }) => ({
      from: left,
      to: right,
      cardinality: many ? ("many" as const) : ("one" as const),
    })),
    classified: held !== null,
    columns: useful.map(({ column, type, reading, why }) => ({ column, type, reading, why })),
    leftOut: all.flatMap(({ said }) => (isLeftOut(said) ? [{ column: said.column, reason: said.leftOut }] : [])),
    order: useful[0]?.order ?? 0,
  };
}

const isLeftOut = (said: Helpful): said is Extract<Helpful, { leftOut: string }> => "leftOut" in said;
