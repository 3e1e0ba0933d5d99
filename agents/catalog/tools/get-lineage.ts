import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import type { CatalogDeps } from "../index.ts";
import { type Asked, askedNode, startNodes } from "../lineage/asked.ts";
import { liveDeployments } from "../lineage/live.ts";
import { type Reach, reachOf, told } from "../lineage/tell.ts";
import { walk } from "../lineage/walk.ts";

const name = z.string().min(1).max(1000);
const names = z.array(z.string());
const Reached = z.object({
  datasets: names,
  columns: names,
  views: names,
  features: names,
  models: names,
  deployments: names,
  live: names,
});

/** Nodes and edges that are told at most, nearest first; counts are of all. */
const mostTold = 300;

export const getLineage = tool({
  name: "get_lineage",
  does: "Says what a dataset or column was made of (up) and what a change of it reaches (down): datasets, features, views, models, live deployments, others' jobs.",
  effect: "read",
  input: z.object({
    /** `name`, `name@version`, `name.column`; with `namespace` a dataset of somebody else by its whole name. */
    dataset: name.optional(),
    view: name.optional(),
    model: name.optional(),
    deployment: name.optional(),
    namespace: name.optional(),
    column: name.optional(),
    direction: z.enum(["up", "down", "both"]).default("both"),
    /** Runs between the thing and the farthest one. */
    depth: z.number().int().min(1).max(50).default(20),
    /** Column by column, for the whole thing too. */
    columns: z.boolean().default(false),
  }),
  output: z.object({
    of: z.string(),
    up: Reached.nullable(),
    down: Reached.nullable(),
    nodes: z.array(
      z.object({
        ...{ id: z.string(), kind: z.string(), namespace: z.string(), name: z.string(), column: z.string().nullable() },
        version: z.string().nullable(),
        versions: z.number().int(),
        /** Null for what was asked about. */
        direction: z.enum(["up", "down"]).nullable(),
        depth: z.number().int(),
        live: z.boolean().nullable(),
      }),
    ),
    edges: z.array(
      z.object({
        ...{ from: z.string(), to: z.string(), job: z.string(), how: names },
        ...{ origin: z.enum(["ours", "external"]), run: z.string(), at: z.string() },
      }),
    ),
    counts: z.object({ nodes: z.number().int(), edges: z.number().int() }),
    truncated: z.boolean(),
    verdict: z.string(),
  }),
  cost: { ms: 100 },
  run: async ({ direction, depth, columns, ...asked }, { store, lake, evidence }: Context & CatalogDeps) => {
    const what = askedNode(asked as Asked);
    const grain = what.field === "" && columns ? "columns" : "things";
    const itself = await startNodes({ store, lake }, what);
    const start = grain === "columns" ? [...itself, ...(await store.lineage.fields(itself))] : itself;
    const live = await liveDeployments(evidence);
    const sides = [];
    for (const side of ["up", "down"] as const) {
      if (direction !== "both" && direction !== side) continue;
      const found = await walk(store.lineage, start, { direction: side, depth });
      sides.push({ side, truncated: found.truncated, ...told(found, live) });
    }
    const nodes = sides.flatMap(({ side, nodes: some }, i) =>
      some
        .filter((node) => i === 0 || node.depth > 0)
        .map((node) => ({ ...node, direction: node.depth === 0 ? null : side })),
    );
    const edges = sides.flatMap((side) => side.edges);
    const kept = nodes.toSorted((a, b) => a.depth - b.depth).slice(0, mostTold);
    const shown = new Set(kept.map(({ id }) => id));
    const inside = edges.filter(({ from, to }) => shown.has(from) && shown.has(to)).slice(0, mostTold);
    const truncated =
      sides.some((side) => side.truncated) || kept.length < nodes.length || inside.length < edges.length;
    const reached = Object.fromEntries(sides.map(({ side, nodes: some }) => [side, reachOf(some)]));
    const { namespace, name: thing } = what.node;
    const of = `${namespace === "" ? "" : `${namespace} `}${thing}${what.field === "" ? "" : `.${what.field}`}`;
    return {
      of,
      ...{ up: reached.up ?? null, down: reached.down ?? null },
      ...{ nodes: kept, edges: inside, truncated },
      counts: { nodes: nodes.length, edges: edges.length },
      verdict: [
        ...(reached.up ? [`${of} was made of ${said(reached.up)}`] : []),
        ...(reached.down ? [`${reached.up ? "it" : of} reaches ${said(reached.down)}`] : []),
      ].join("; "),
    };
  },
});

/** What was reached, in a clause; live deployments by name. */
function said({ datasets, features, views, models, deployments, live }: Reach): string {
  const count = (some: readonly string[], one: string) =>
    some.length === 0 ? [] : [`${some.length} ${one}${some.length === 1 ? "" : "s"}`];
  const parts = [
    ...count(datasets, "dataset"),
    ...count(features, "feature"),
    ...count(views, "view"),
    ...count(models, "model"),
    ...(live.length > 0 ? [`what is live as ${live.join(", ")}`] : count(deployments, "deployment")),
  ];
  return parts.length === 0 ? "nothing that is known of" : parts.join(", ");
}
