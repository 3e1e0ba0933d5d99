import type { LineageNode } from "@muster/shared/domain/lineage.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import type { CatalogStore } from "../store.ts";
import { type GraphNode, graphNode } from "./edges.ts";

/** What is asked about: a thing by its name, perhaps one version or one column of it. */
export type Asked = {
  dataset?: string;
  view?: string;
  model?: string;
  deployment?: string;
  namespace?: string;
  column?: string;
};

/** The thing that is asked about. A dataset of ours may name its version (`name@version`) and its column (`name.column`). */
export function askedNode(asked: Asked): { node: LineageNode; field: string } {
  const kinds = (["dataset", "view", "model", "deployment"] as const).filter((kind) => asked[kind] !== undefined);
  const kind = kinds[0];
  if (kinds.length !== 1 || !kind)
    throw fault("invalid_input", "pass one of dataset, view, model and deployment: what to look from");
  const { namespace = "", column = "" } = asked;
  const said = asked[kind]!;
  if (kind !== "dataset" || namespace !== "")
    return { node: { kind, namespace, name: said, version: "" }, field: column };
  // Names of ours hold neither a point nor an at sign; what follows a point is a column as its source spells it.
  const point = said.indexOf(".");
  const [ref, named] = point < 0 ? [said, ""] : [said.slice(0, point), said.slice(point + 1)];
  if (named && column && named !== column)
    throw fault("invalid_input", "the dataset names one column and `column` another; pass one of them");
  const [name = "", version = ""] = ref.split("@");
  return { node: { kind, namespace, name, version }, field: column || named };
}

/**
 * The nodes to start from: every version of the thing, or of the column. A thing that stands without lineage gives itself.
 * `not_found` where there is no such thing, or where a dataset of ours has no such column.
 */
export async function startNodes(
  { store, lake }: { store: CatalogStore; lake: Lake },
  { node, field }: { node: LineageNode; field: string },
): Promise<GraphNode[]> {
  const asked = graphNode(node, field);
  const found = await store.lineage.find(asked);
  const ours = node.kind === "dataset" && node.namespace === "";
  const newest = ours ? await lake.newest(node.name) : null;
  if (field !== "" && found.length === 0) {
    if (newest && !newest.columns.some(({ name }) => name === field))
      throw fault("not_found", `${node.name} has no column ${field}; see catalog.describe_dataset`);
    // Nothing that tells its columns reads this one; what doesn't tell them may.
    if (newest || (await store.lineage.find(graphNode(node))).length > 0) return [asked];
  }
  if (found.length > 0) return found;
  if (newest) return [asked];
  const where = node.namespace === "" ? "" : ` in ${node.namespace}`;
  throw fault("not_found", `nothing is known of a ${node.kind} ${node.name}${where}; see catalog.list_datasets`);
}
