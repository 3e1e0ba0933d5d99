import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { Column, DatasetName, DatasetVersion, pinOf } from "@muster/shared/domain/dataset.ts";
import { copied, datasetNode, type LineageNode } from "@muster/shared/domain/lineage.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import type { CatalogDeps } from "../index.ts";
import { documentOf } from "../search/document.ts";
import { statOf } from "../stat.ts";

export const registerDataset = tool({
  name: "register_dataset",
  does: "Loads a file of the inbox into the lake as a new dataset version; the same content again is the same version.",
  effect: "write",
  long: true,
  input: z.object({
    file: z.string().min(1).max(500),
    name: DatasetName.optional(),
    time: z.string().max(200).optional(),
    arrived: z.string().max(200).optional(),
  }),
  output: z.object({
    name: DatasetName,
    version: DatasetVersion,
    rows: z.number().int(),
    columns: z.array(Column),
    notes: z.array(z.string()),
    verdict: z.string(),
  }),
  gives: [
    {
      is: "dataset.registered",
      about: ({ name, version }) => ({ dataset: pinOf(name, version) }),
      value: ({ name, version, rows }) => ({ dataset: pinOf(name, version), rows }),
    },
  ],
  cost: { ms: 1000 },
  run: async (input, { lake, inbox, threads, store, now, commit, emit, lineage }: Context & CatalogDeps) => {
    const file: LineageNode = { kind: "dataset", namespace: "file", name: `inbox/${input.file}`, version: "" };
    lineage({ inputs: [file] });
    const manifest = await ingest({ lake, inbox, ...input, now: now() });
    const pin = pinOf(manifest.name, manifest.version);
    const names = manifest.columns.map((column) => column.name);
    lineage({ outputs: [{ ...datasetNode(pin), columns: copied(file, names) }] });
    const stat = await withPins(lake, [pin], { threads }, (engine) => statOf(engine, manifest));
    commit(async (trx) => {
      await store.saveStat(trx, pin, stat);
      await store.search.put(trx, [documentOf(manifest, await store.texts.of([manifest.name], trx))]);
    });
    emit("dataset_registered", { dataset: pin, rows: manifest.rows });
    const { name, version, rows, columns, notes } = manifest;
    return {
      name,
      version,
      rows,
      columns,
      notes,
      verdict: `${name}: ${rows} rows, ${columns.length} columns, version ${version.slice(0, 12)}`,
    };
  },
});
