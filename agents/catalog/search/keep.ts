import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import type { CatalogStore } from "../store.ts";
import { documentOf } from "./document.ts";

/** Datasets that are indexed in one transaction at most. */
const batch = 100;

/**
 * Brings the search's index to where the lake stands: what other agents wrote or took away since is seen by the next search.
 * What the catalog does itself is indexed in the transaction that does it.
 */
export async function keepIndex(store: CatalogStore, manifests: readonly DatasetManifest[]): Promise<void> {
  const indexed = await store.search.indexed();
  const changed = manifests.filter(({ name, version }) => indexed.get(name) !== version);
  for (let i = 0; i < changed.length; i += batch) {
    const some = changed.slice(i, i + batch);
    const texts = Map.groupBy(await store.texts.of(some.map(({ name }) => name)), ({ dataset }) => dataset);
    const documents = some.map((manifest) => documentOf(manifest, texts.get(manifest.name) ?? []));
    await store.transaction((trx) => store.search.put(trx, documents));
  }
  const there = new Set(manifests.map(({ name }) => name));
  const gone = [...indexed.keys()].filter((name) => !there.has(name));
  if (gone.length > 0) await store.transaction((trx) => store.search.drop(trx, gone));
}
