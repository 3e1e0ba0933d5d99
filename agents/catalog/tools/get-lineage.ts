import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import type { CatalogDeps } from "../index.ts";
import { fitting, type Graph, inWords } from "../lineage/answer.ts";
import { type Asked, askedNode, startNodes } from "../lineage/asked.ts";
import { liveDeployments } from "../lineage/live.ts";
import { reachOf, told } from "../lineage/tell.ts";
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
    /** The artifact with all of it, where the lists above are cut. */
    graph: z.string().nullable(),
    /** The walk itself ended early: there is more than it looks at. */
    truncated: z.boolean(),
    verdict: z.string(),
  }),
  cost: { ms: 100 },
  run: async (
    { direction, depth, columns, ...asked },
    { store, lake, evidence, putArtifact }: Context & CatalogDeps,
  ) => {
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
    const reached = Object.fromEntries(sides.map(({ side, nodes: some }) => [side, reachOf(some)]));
    const whole: Graph = {
      ...{ up: reached.up ?? null, down: reached.down ?? null },
      nodes: nodes.toSorted((a, b) => a.depth - b.depth),
      edges,
    };
    const fit = fitting(whole);
    const graph = fit === whole ? null : await putArtifact(Buffer.from(JSON.stringify(whole)), "application/json");
    const { namespace, name: thing } = what.node;
    const of = `${namespace === "" ? "" : `${namespace} `}${thing}${what.field === "" ? "" : `.${what.field}`}`;
    return {
      of,
      ...fit,
      graph,
      truncated: sides.some((side) => side.truncated),
      counts: { nodes: nodes.length, edges: edges.length },
      verdict: [
        ...(reached.up ? [`${of} was made of ${inWords(reached.up)}`] : []),
        ...(reached.down ? [`${reached.up ? "it" : of} reaches ${inWords(reached.down)}`] : []),
      ].join("; "),
    };
  },
});
