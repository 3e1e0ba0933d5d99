import type { Context } from "@muster/bus/context.ts";
import { type DatasetPin, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import type { CatalogDeps } from "../index.ts";
import { documentOf } from "../search/document.ts";
import type { DatasetText } from "./text.ts";

/**
 * Writes down what a person says of a dataset, or of a column of it, and indexes it, in the call's transaction. It holds for
 * every version. `not_found` where there is no such column.
 */
export async function say(
  { lake, store, now, person, commit, audit }: Context & CatalogDeps,
  pin: DatasetPin,
  { kind, column, text }: Pick<DatasetText, "kind" | "column" | "text">,
): Promise<string> {
  const { name } = parseDatasetRef(pin);
  const manifest = (await lake.newest(name)) ?? (await lake.manifest(pin));
  if (column !== null && !manifest.columns.some((one) => one.name === column))
    throw fault("not_found", `${name} has no such column; see catalog.describe_dataset`);
  const said: DatasetText = { dataset: name, column, kind, giver: "person", text, by: person, at: now().toISOString() };
  commit(async (trx) => {
    await store.texts.set(trx, said);
    await store.search.put(trx, [documentOf(manifest, await store.texts.of([name], trx))]);
  });
  const about = column === null ? name : `${name}.${column}`;
  audit(`catalog.${kind}_set`, about, { characters: text.length });
  return about;
}
