import type { GraphNode } from "./edges.ts";
import type { lineageStore, Step } from "./store.ts";

/** What a walk came over: nodes with their distance in runs from where it began, and the edges between them. */
export type Walked = { nodes: Map<string, { node: GraphNode; depth: number }>; steps: Step[]; truncated: boolean };

/** What one walk looks at, at most. */
export const mostNodes = 20_000;
const mostSteps = 100_000;

/**
 * Walks the graph breadth first, a query a level: each node is gone on from once, so that circles end and diamonds cost
 * what their edges are.
 */
export async function walk(
  store: Pick<ReturnType<typeof lineageStore>, "steps" | "nodes">,
  start: readonly GraphNode[],
  { direction, depth }: { direction: "up" | "down"; depth: number },
): Promise<Walked> {
  const nodes = new Map(start.map((node) => [node.id, { node, depth: 0 }]));
  const steps = new Map<string, Step>();
  let edge: readonly GraphNode[] = start;
  for (let level = 1; level <= depth && edge.length > 0; level++) {
    const room = mostSteps - steps.size;
    const found = await store.steps(edge, direction, room + 1);
    if (found.length > room) return { nodes, steps: [...steps.values()], truncated: true };
    for (const step of found) steps.set([step.input, step.output, step.job, step.type, step.subtype].join(), step);
    const ends = found.flatMap(({ input, output }) => [input, output]);
    const fresh = await store.nodes([...new Set(ends)].filter((id) => !nodes.has(id)));
    const far = new Set(found.map(({ input, output }) => (direction === "down" ? output : input)));
    // A node that was met as another version of itself is no step further.
    for (const node of fresh) nodes.set(node.id, { node, depth: far.has(node.id) ? level : level - 1 });
    if (nodes.size > mostNodes) return { nodes, steps: [...steps.values()], truncated: true };
    edge = fresh.filter(({ id }) => far.has(id));
  }
  return { nodes, steps: [...steps.values()], truncated: false };
}
