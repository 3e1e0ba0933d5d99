import { hashOf } from "@muster/shared/canonical.ts";
import type { LineageNode, LineageRecord } from "@muster/shared/domain/lineage.ts";

/**
 * A thing of the graph, or a column of it (`field`; empty: the whole). `thing` names it without its version, `whole` the
 * thing that a column belongs to: by those a version that isn't known stands for every version.
 */
export type GraphNode = LineageNode & { id: string; thing: string; whole: string; field: string };

/**
 * From one node to another. Between whole things: `TABLE` where the columns of what was written are known, else `OPAQUE`
 * (any column may go into any). Between columns, or from a column to the whole whose rows it decides: `DIRECT` or
 * `INDIRECT`.
 */
export type GraphEdge = {
  input: string;
  output: string;
  job: string;
  type: "TABLE" | "OPAQUE" | "DIRECT" | "INDIRECT";
  subtype: string;
};

const short = (value: unknown) => hashOf(value).slice(0, 32);

/** A node of the graph by what it is. */
export function graphNode({ kind, namespace, name, version }: LineageNode, field = ""): GraphNode {
  const thing = short([kind, namespace, name, field]);
  const whole = field === "" ? thing : short([kind, namespace, name, ""]);
  return { kind, namespace, name, version, field, thing, whole, id: short([thing, version]) };
}

/** The job of a record as the graph keeps it. */
export const jobOf = ({ job }: Pick<LineageRecord, "job">): string =>
  job.namespace === "" ? job.name : `${job.namespace} ${job.name}`;

/** The nodes and edges that a run stands for: each once, none from a node to itself. */
export function graphOf(record: LineageRecord): { nodes: GraphNode[]; edges: GraphEdge[] } {
  const nodes = new Map<string, GraphNode>();
  const edges = new Map<string, GraphEdge>();
  const job = jobOf(record);
  const node = (of: LineageNode, field = "") => {
    const made = graphNode(of, field);
    nodes.set(made.id, made);
    return made.id;
  };
  const edge = (input: string, output: string, type: GraphEdge["type"], subtype: string) => {
    if (input !== output) edges.set([input, output, type, subtype].join(), { input, output, job, type, subtype });
  };
  for (const input of record.inputs) node(input);
  for (const output of record.outputs) {
    const to = node(output);
    const known = output.columns !== undefined && output.columns.length > 0;
    for (const input of record.inputs) edge(node(input), to, known ? "TABLE" : "OPAQUE", "");
    for (const { name, sources } of output.columns ?? []) {
      const written = node(output, name);
      for (const { from, column, type, subtype } of sources) {
        edge(node(from, column), written, type, subtype);
        edge(node(from), to, "TABLE", "");
      }
    }
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}
