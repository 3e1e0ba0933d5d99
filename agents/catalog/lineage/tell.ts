import type { GraphNode } from "./edges.ts";
import type { Walked } from "./walk.ts";

/** A thing or a column as it is told: versions of a dataset are one, models and views each their own. */
export type ToldNode = {
  id: string;
  kind: GraphNode["kind"];
  namespace: string;
  name: string;
  column: string | null;
  /** The hash of a view or a model; null for a dataset, whose versions are counted. */
  version: string | null;
  versions: number;
  depth: number;
  live: boolean | null;
};

/** How one told thing goes into another: by which job, how, and the newest run that did so. */
export type ToldEdge = {
  from: string;
  to: string;
  job: string;
  how: string[];
  origin: "ours" | "external";
  run: string;
  at: string;
};

/** What a change reaches, by name. */
export type Reach = {
  datasets: string[];
  columns: string[];
  views: string[];
  features: string[];
  models: string[];
  deployments: string[];
  live: string[];
};

const label = ({ namespace, name }: Pick<GraphNode, "namespace" | "name">) =>
  namespace === "" ? name : `${namespace} ${name}`;

/** The readable id of a told node: `dataset telco_churn.tenure`, `model churn@1a2b3c4d5e6f`. */
function idOf(node: GraphNode): string {
  const version = node.kind === "dataset" || node.version === "" ? "" : `@${node.version.slice(0, 12)}`;
  return `${node.kind} ${label(node)}${version}${node.field === "" ? "" : `.${node.field}`}`;
}

/** Which deployments are live: by name, the hashes of their models. */
export type Live = ReadonlyMap<string, ReadonlySet<string>>;

const byDepth = (a: ToldNode, b: ToldNode) => a.depth - b.depth || (a.id < b.id ? -1 : 1);

/** A walk in words: nodes by their distance, edges between them, without the versions of datasets. */
export function told(
  { nodes, steps }: Pick<Walked, "nodes" | "steps">,
  live: Live,
): { nodes: ToldNode[]; edges: ToldEdge[] } {
  const all = new Map<string, ToldNode>();
  for (const { node, depth } of nodes.values()) {
    const id = idOf(node);
    const held = all.get(id);
    const { kind, namespace, name, field, version } = node;
    all.set(id, {
      ...{ id, kind, namespace, name, column: field === "" ? null : field },
      version: kind === "dataset" ? null : version || null,
      versions: (held?.versions ?? 0) + Number(version !== ""),
      depth: Math.min(depth, held?.depth ?? depth),
      live: kind === "deployment" ? (live.get(name)?.has(version) ?? false) : null,
    });
  }
  const edges = new Map<string, ToldEdge>();
  for (const { input, output, job, type, subtype, origin, run, at } of steps) {
    const [from, to] = [nodes.get(input), nodes.get(output)];
    if (!from || !to) continue;
    const edge = { from: idOf(from.node), to: idOf(to.node), job };
    const how =
      type === "TABLE" ? [] : [type === "OPAQUE" ? "unknown columns" : [type, subtype].filter(Boolean).join(" ")];
    const key = JSON.stringify(edge);
    const held = edges.get(key);
    const newest = held && held.at > at ? held : { ...edge, origin, run, at };
    edges.set(key, { ...newest, how: [...new Set([...(held?.how ?? []), ...how])].sort() });
  }
  return { nodes: [...all.values()].sort(byDepth), edges: [...edges.values()] };
}

/** What a walk reached beyond where it began, each name once. */
export function reachOf(nodes: readonly ToldNode[]): Reach {
  const reached = nodes.filter(({ depth }) => depth > 0);
  const named = (some: readonly ToldNode[], of: (node: ToldNode) => string) => [...new Set(some.map(of))].sort();
  const kind = (wanted: GraphNode["kind"]) => reached.filter((node) => node.kind === wanted);
  const columns = (wanted: GraphNode["kind"]) => kind(wanted).filter(({ column }) => column !== null);
  const deployments = kind("deployment");
  return {
    datasets: named(kind("dataset"), label),
    columns: named(columns("dataset"), (node) => `${label(node)}.${node.column}`),
    views: named(kind("view"), label),
    features: named(columns("view"), (node) => `${label(node)}.${node.column}`),
    models: named(kind("model"), label),
    deployments: named(deployments, label),
    live: named(
      deployments.filter((node) => node.live),
      label,
    ),
  };
}
