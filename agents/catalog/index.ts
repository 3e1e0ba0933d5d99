import { agent } from "@muster/bus/agent.ts";
import type { Evidence } from "@muster/bus/evidence.ts";
import { run } from "@muster/bus/run.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { type CatalogStore, openCatalogStore } from "./store.ts";
import { connectSource } from "./tools/connect-source.ts";
import { crawlSource } from "./tools/crawl-source.ts";
import { describeDataset } from "./tools/describe-dataset.ts";
import { discoverJoins } from "./tools/discover-joins.ts";
import { findFeatures } from "./tools/find-features.ts";
import { importDbt } from "./tools/import-dbt.ts";
import { listDatasets } from "./tools/list-datasets.ts";
import { listStaleDatasets } from "./tools/list-stale-datasets.ts";
import { listSynonyms } from "./tools/list-synonyms.ts";
import { pinDatasets } from "./tools/pin-datasets.ts";
import { registerDataset } from "./tools/register-dataset.ts";
import { searchDatasets } from "./tools/search-datasets.ts";
import { setDescription } from "./tools/set-description.ts";
import { setOwner } from "./tools/set-owner.ts";
import { setSynonyms } from "./tools/set-synonyms.ts";

/** What the catalog's tools stand on. */
export type CatalogDeps = { lake: Lake; store: CatalogStore; evidence: Evidence; inbox: string; threads: number };

/**
 * The catalog agent: knows what data there is, what it means, how it joins.
 * Owns the tables dataset_stat, join_set, dataset_text, synonym, source_table, source_crawl and the search's index. The one agent that opens the inbox and connects warehouses; reads the lake and adds source datasets.
 */
export const catalog = agent({
  name: "catalog",
  does: "Loads, lists, finds and describes datasets, finds how they join, and pins the versions a problem stands on.",
  tools: [
    registerDataset,
    connectSource,
    crawlSource,
    importDbt,
    listDatasets,
    searchDatasets,
    describeDataset,
    setDescription,
    setOwner,
    listSynonyms,
    setSynonyms,
    discoverJoins,
    findFeatures,
    listStaleDatasets,
    pinDatasets,
  ],
  async open({ pool, lake, evidence, config }) {
    const store = await openCatalogStore(pool);
    return {
      deps: { lake, store, evidence, inbox: inboxFolder(config.home), threads: config.threads } satisfies CatalogDeps,
    };
  },
});
if (import.meta.main) await run(catalog);
