import { z } from "zod";
import { parseDatasetRef } from "./dataset.ts";

/**
 * The outbox event that says what a run read and wrote; its payload is a `LineageRecord`. Whoever acts on lineage reads it
 * from the outbox: what used a table last, what a derived column inherits, what is stale. A record of a run of ours counts
 * only from the process of the agent whose tool it names (`saidBy`); external ones come from the catalog alone.
 */
export const lineageRecorded = "lineage_recorded";

/**
 * A thing that runs read and write. `namespace` is empty for what is ours; `version` is the content hash of a dataset or
 * model, the hash of a view, empty where it isn't known (then every version is meant).
 */
export const LineageNode = z.object({
  kind: z.enum(["dataset", "view", "model", "deployment"]),
  namespace: z.string(),
  name: z.string().min(1),
  version: z.string(),
});
export type LineageNode = z.infer<typeof LineageNode>;

/**
 * How a column goes into another, in OpenLineage's words. `DIRECT`: its values make the value. `INDIRECT`: they decide
 * which rows or which branch. `subtype`: IDENTITY, TRANSFORMATION, AGGREGATION; JOIN, GROUP_BY, FILTER, SORT, WINDOW,
 * CONDITIONAL.
 */
export const Transformation = z.object({ type: z.enum(["DIRECT", "INDIRECT"]), subtype: z.string() });
export type Transformation = z.infer<typeof Transformation>;

/** A column that another was made of. */
export const ColumnSource = Transformation.extend({ from: LineageNode, column: z.string().min(1) });
export type ColumnSource = z.infer<typeof ColumnSource>;

/** A column of what was written with the columns it was made of; `name` empty: those that decided which rows there are. */
export const ColumnLineage = z.object({ name: z.string(), sources: z.array(ColumnSource) });
export type ColumnLineage = z.infer<typeof ColumnLineage>;

/** What a check of a dataset came to; never a cell's value. */
export const LineageAssertion = z.object({
  assertion: z.string().min(1),
  success: z.boolean(),
  column: z.string().optional(),
  severity: z.enum(["error", "warn"]).optional(),
});
export type LineageAssertion = z.infer<typeof LineageAssertion>;

/** What a run read. */
export const LineageInput = LineageNode.extend({ assertions: z.array(LineageAssertion).optional() });
export type LineageInput = z.infer<typeof LineageInput>;

/** What a run wrote. `columns` absent: nobody knows what its columns were made of. */
export const LineageOutput = LineageNode.extend({ columns: z.array(ColumnLineage).optional() });
export type LineageOutput = z.infer<typeof LineageOutput>;

/** One run: a tool call of ours that read or wrote data, or what somebody else's tool said of a run of its own. */
export const LineageRecord = z.object({
  run: z.uuid(),
  origin: z.enum(["ours", "external"]),
  /** `agent.tool` in an empty namespace for ours. */
  job: z.object({ namespace: z.string(), name: z.string().min(1) }),
  state: z.enum(["started", "completed", "failed", "aborted"]),
  startedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  request: z.string().nullable(),
  /** Why it failed. */
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  inputs: z.array(LineageInput),
  outputs: z.array(LineageOutput),
});
export type LineageRecord = z.infer<typeof LineageRecord>;

/** What a tool says of its lineage; said several times, it adds up. */
export type LineagePart = { inputs?: readonly LineageInput[]; outputs?: readonly LineageOutput[] };

/** Whether a process may say this: its own agent's runs, and the catalog what came from outside. */
export const saidBy = (by: string, { origin, job }: Pick<LineageRecord, "origin" | "job">): boolean =>
  by.replace(/-worker$/, "") === (origin === "external" ? "catalog" : job.name.split(".")[0]);

const ours = (kind: LineageNode["kind"], name: string, version: string): LineageNode => ({
  kind,
  namespace: "",
  name,
  version,
});

/** The node of a dataset version, or of a whole dataset by its name. */
export function datasetNode(ref: string): LineageNode {
  const { name, version } = parseDatasetRef(ref);
  return ours("dataset", name, version ?? "");
}

/** The node of a feature view. */
export const viewNode = ({ name, hash }: { name: string; hash: string }): LineageNode => ours("view", name, hash);

/** The node of a model by the hash of its bytes; its one column is `modelOutput`. */
export const modelNode = (name: string, hash: string): LineageNode => ours("model", name, hash);

/** The node of a deployment that serves the model of this hash. */
export const deploymentNode = (name: string, hash: string): LineageNode => ours("deployment", name, hash);

/** The column of a model and of a deployment: what it answers. */
export const modelOutput = "prediction";

/** The same column under the same name in another version or copy. */
export const copied = (from: LineageNode, columns: readonly string[]): ColumnLineage[] =>
  columns.map((name) => ({ name, sources: [{ from, column: name, type: "DIRECT", subtype: "IDENTITY" }] }));

/** The results of checks as assertions; `columns`: those of the dataset, one of which a check's name may end with. */
export const assertionsOf = (
  checks: readonly { name: string; success: boolean; severity: "error" | "warn" }[],
  columns: readonly string[],
): LineageAssertion[] =>
  checks.map(({ name, success, severity }) => {
    const column = columns.find((one) => name.endsWith(`(${one})`));
    return { assertion: name, success, severity, ...(column && { column }) };
  });
