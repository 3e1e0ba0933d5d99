import type { Reach, ToldEdge, ToldNode } from "./tell.ts";

/** What an answer holds at most; what is above stands in an artifact, and the nearest of each list is told. */
const answerBytes = 48 * 1024;
const shorter = [200, 100, 50, 20, 10];

/** A walk as it is told: what it reached by name, nodes nearest first, and how they go into each other. */
export type Graph = {
  up: Reach | null;
  down: Reach | null;
  nodes: (ToldNode & { direction: "up" | "down" | null })[];
  edges: ToldEdge[];
};

/** The graph itself where an answer can hold it, else with lists that are short enough: the nearest nodes, and edges between them. */
export function fitting(whole: Graph): Graph {
  const fits = (graph: Graph) => Buffer.byteLength(JSON.stringify(graph)) <= answerBytes;
  if (fits(whole)) return whole;
  const cut = (limit: number): Graph => {
    const nodes = whole.nodes.slice(0, limit);
    const shown = new Set(nodes.map(({ id }) => id));
    const names = (reach: Reach | null) =>
      reach && (Object.fromEntries(Object.entries(reach).map(([of, some]) => [of, some.slice(0, limit)])) as Reach);
    const edges = whole.edges.filter(({ from, to }) => shown.has(from) && shown.has(to)).slice(0, limit);
    return { up: names(whole.up), down: names(whole.down), nodes, edges };
  };
  return shorter.map(cut).find(fits) ?? cut(1);
}

/** What was reached, in a clause; live deployments by name. */
export function inWords({ datasets, features, views, models, deployments, live }: Reach): string {
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
