import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { sha256 } from "@muster/shared/canonical.ts";
import { DatasetName } from "@muster/shared/domain/dataset.ts";
import { datasetNode, type LineageNode, type LineageRecord, lineageRecorded } from "@muster/shared/domain/lineage.ts";
import { openInboxFile } from "@muster/shared/warehouse/inbox.ts";
import { z } from "zod";
import { type Annotation, annotate } from "../dbt/annotate.ts";
import { type DbtProject, readDbt } from "../dbt/manifest.ts";
import type { CatalogDeps } from "../index.ts";
import { documentOf } from "../search/document.ts";

const mostBytes = 256 * 1024 * 1024;
const file = z.string().min(1).max(500);

export const importDbt = tool({
  name: "import_dbt",
  does: "Reads a dbt project's manifest.json and catalog.json from the inbox: descriptions, owners, tests and lineage of the datasets that are known.",
  effect: "write",
  long: true,
  input: z.object({ manifest: file, catalog: file.optional() }),
  output: z.object({
    project: z.string(),
    relations: z.number().int(),
    annotated: z.array(
      z.object({
        dataset: DatasetName,
        texts: z.number().int(),
        expectations: z.number().int(),
        relationships: z.number().int(),
      }),
    ),
    unknown: z.array(z.string()),
    unreadTests: z.number().int(),
    verdict: z.string(),
  }),
  cost: { ms: 1000 },
  run: async ({ manifest, catalog }, context: Context & CatalogDeps) => {
    const { lake, store, evidence, inbox, now, commit, emit } = context;
    const project = readDbt(await textOf(inbox, manifest), catalog === undefined ? null : await textOf(inbox, catalog));
    const datasets = await lake.list();
    const found = annotate(project, datasets, now().toISOString());
    const byName = new Map(datasets.map((one) => [one.name, one]));
    commit(async (trx) => {
      for (const { dataset, texts } of found) {
        await store.texts.replace(trx, dataset, "dbt", texts);
        await store.search.put(trx, [documentOf(byName.get(dataset)!, await store.texts.of([dataset], trx))]);
      }
      for (const { dataset, relationships } of found)
        await store.foreignKeys.replace(trx, dataset, `dbt: ${project.name}`, relationships);
      const at = now();
      for (const record of lineageOf(project, found, at)) {
        await store.lineage.keepExternal(trx, record, at.toISOString(), true);
        await evidence.store.emit(trx, lineageRecorded, record);
      }
    });
    // Also where there is none: what a project no longer declares is expected no more.
    for (const { dataset, expectations } of found)
      emit("expectations_declared", { dataset, by: `dbt: ${project.name}`, expectations });
    const known = new Set(found.map(({ relation }) => relation.id));
    const unknown = project.relations
      .filter(({ id }) => !known.has(id))
      .map(({ schema, table }) => `${schema}.${table}`);
    const expectations = found.reduce((sum, one) => sum + one.expectations.length + one.relationships.length, 0);
    return {
      project: project.name,
      relations: project.relations.length,
      annotated: found.map(({ dataset, texts, expectations, relationships }) => ({
        ...{ dataset, texts: texts.length, expectations: expectations.length, relationships: relationships.length },
      })),
      unknown: unknown.slice(0, 200),
      unreadTests: project.unread,
      verdict: `dbt ${project.name}: ${found.length} of ${project.relations.length} relations are known here, ${expectations} tests declared${project.unread > 0 ? `, ${project.unread} not read` : ""}`,
    };
  },
});

async function textOf(inbox: string, name: string): Promise<string> {
  const { handle } = await openInboxFile(inbox, name, mostBytes);
  try {
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

/** A run of dbt for each relation that it made of others: what is known here by its dataset, the rest in a namespace of the project. */
function lineageOf(project: DbtProject, found: readonly Annotation[], at: Date): LineageRecord[] {
  const known = new Map(found.map(({ relation, dataset }) => [relation.id, dataset]));
  const byId = new Map(project.relations.map((relation) => [relation.id, relation]));
  const namespace = `dbt://${project.name}`;
  const nodeOf = (id: string): LineageNode | null => {
    const dataset = known.get(id);
    const relation = byId.get(id);
    if (dataset) return datasetNode(dataset);
    return relation ? { kind: "dataset", namespace, name: `${relation.schema}.${relation.table}`, version: "" } : null;
  };
  return project.relations.flatMap((relation): LineageRecord[] => {
    const inputs = relation.dependsOn.map(nodeOf).filter((node) => node !== null);
    if (inputs.length === 0) return [];
    return [
      {
        ...{
          run: uuidOf(`${namespace}/${relation.id}/${at.toISOString()}`),
          origin: "external",
          job: { namespace, name: relation.id },
        },
        ...{ state: "completed", startedAt: null, endedAt: at.toISOString(), request: null, error: null },
        ...{ inputs, outputs: [nodeOf(relation.id)!] },
      },
    ];
  });
}

/** A name-based id (RFC 9562, version 8) of a text. */
function uuidOf(text: string): string {
  const hex = sha256(text);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
