import { DatasetName } from "@muster/shared/domain/dataset.ts";
import type { LineageNode } from "@muster/shared/domain/lineage.ts";
import { connectionOf, homeOf } from "@muster/shared/warehouse/connection.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import type { CatalogStore } from "../store.ts";

/** The name of a thing as the world knows it: what OpenLineage calls a namespace and a name. */
export type PublicName = { namespace: string; name: string };

/** Names in both directions: ours to the world, the world's to ours. */
export type Names = {
  publicName: (node: LineageNode) => PublicName;
  /** The node that a name from outside means: one of ours where it names it, else one of theirs. */
  nodeOf: (names: readonly PublicName[]) => LineageNode;
  /** Where a dataset stands, for a reader. */
  sourceOf: (node: LineageNode) => { name: string; uri: string } | null;
};

const folders: Record<Exclude<LineageNode["kind"], "dataset">, string> = {
  view: "views",
  model: "models",
  deployment: "deployments",
};

const keyOf = ({ namespace, name }: PublicName) => JSON.stringify([canonicalNamespace(namespace), name]);

/** PostgreSQL's two schemes are one, and its port is 5432 where none is named. */
function canonicalNamespace(namespace: string): string {
  const parts = /^postgres(?:ql)?:\/\/([^/:]+)(?::(\d+))?\/?$/i.exec(namespace);
  return parts ? `postgres://${parts[1]!.toLowerCase()}:${parts[2] ?? "5432"}` : namespace;
}

/**
 * Opens the names: what is ours is in our own namespace (`datasets` by their name, others in a folder of their kind); a
 * table of a connected warehouse is `postgres://host:port` and `database.schema.table`, as the OpenLineage naming has it.
 */
export async function openNames(lake: Lake, store: CatalogStore, namespace: string): Promise<Names> {
  const tables = new Map<string, PublicName>();
  const datasets = new Map<string, string>();
  for (const { source, schema, table, dataset } of await store.sources.tables(null)) {
    const connection = await connectionOf(homeOf(lake), source).catch(() => null);
    if (!connection) continue;
    const { host, port, database } = connection;
    const known = { namespace: `postgres://${host.toLowerCase()}:${port}`, name: `${database}.${schema}.${table}` };
    tables.set(dataset, known);
    datasets.set(keyOf(known), dataset);
  }
  const own = (kind: LineageNode["kind"], name: string): LineageNode => ({ kind, namespace: "", name, version: "" });
  function oneOfOurs({ namespace: theirs, name }: PublicName): LineageNode | null {
    const table = datasets.get(keyOf({ namespace: theirs, name }));
    if (table) return own("dataset", table);
    if (theirs !== namespace) return null;
    if (DatasetName.safeParse(name).success) return own("dataset", name);
    const [folder, of] = [name.slice(0, name.indexOf("/")), name.slice(name.indexOf("/") + 1)];
    const kind = (Object.keys(folders) as (keyof typeof folders)[]).find((one) => folders[one] === folder);
    return kind && of ? own(kind, of) : null;
  }
  return {
    publicName: ({ kind, namespace: theirs, name }) => {
      if (theirs !== "") return { namespace: theirs, name };
      if (kind !== "dataset") return { namespace, name: `${folders[kind]}/${name}` };
      return tables.get(name) ?? { namespace, name };
    },
    nodeOf: (names) => {
      for (const one of names) {
        const found = oneOfOurs(one);
        if (found) return found;
      }
      // An empty namespace is our own mark; a foreign one keeps a namespace of its own.
      return { kind: "dataset", namespace: names[0]!.namespace || "unnamed", name: names[0]!.name, version: "" };
    },
    sourceOf: ({ kind, namespace: theirs, name }) => {
      if (theirs !== "" || kind !== "dataset") return null;
      const table = tables.get(name);
      if (!table) return { name: namespace, uri: "urn:muster:lake" };
      return { name: table.namespace, uri: `${table.namespace}/${table.name.slice(0, table.name.indexOf("."))}` };
    },
  };
}
