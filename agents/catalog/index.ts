import { agent } from "@muster/bus/agent.ts";
import type { Evidence } from "@muster/bus/evidence.ts";
import { run } from "@muster/bus/run.ts";
import { asFault } from "@muster/shared/fault.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { repeat } from "@muster/shared/repeat.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { readLineage } from "./lineage/read-outbox.ts";
import { patientSending } from "./lineage/send.ts";
import { type CatalogStore, openCatalogStore } from "./store.ts";
import { connectSource } from "./tools/connect-source.ts";
import { crawlSource } from "./tools/crawl-source.ts";
import { describeDataset } from "./tools/describe-dataset.ts";
import { discoverJoins } from "./tools/discover-joins.ts";
import { findFeatures } from "./tools/find-features.ts";
import { getLineage } from "./tools/get-lineage.ts";
import { importDbt } from "./tools/import-dbt.ts";
import { listDatasets } from "./tools/list-datasets.ts";
import { listStaleDatasets } from "./tools/list-stale-datasets.ts";
import { listSynonyms } from "./tools/list-synonyms.ts";
import { pinDatasets } from "./tools/pin-datasets.ts";
import { recordLineage } from "./tools/record-lineage.ts";
import { registerDataset } from "./tools/register-dataset.ts";
import { searchDatasets } from "./tools/search-datasets.ts";
import { setDescription } from "./tools/set-description.ts";
import { setOwner } from "./tools/set-owner.ts";
import { setSynonyms } from "./tools/set-synonyms.ts";

/** What the catalog's tools stand on. */
export type CatalogDeps = {
  lake: Lake;
  store: CatalogStore;
  evidence: Evidence;
  inbox: string;
  threads: number;
  lineageNamespace: string;
};

const readMs = 500;
const sendMs = 1000;

/**
 * The catalog agent: knows what data there is, what it means, how it joins, what it was made of and what it reaches.
 * Owns the tables dataset_stat, join_set, dataset_text, synonym, source_table, source_crawl, lineage_* and the search's index. The one agent that opens the inbox and connects warehouses; reads the lake and adds source datasets.
 */
export const catalog = agent({
  name: "catalog",
  does: "Loads, lists, finds and describes datasets, finds how they join, keeps lineage, and pins the versions a problem stands on.",
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
    getLineage,
    recordLineage,
  ],
  async open(process) {
    const { pool, lake, evidence, config, log } = process;
    const store = await openCatalogStore(pool);
    const send = patientSending({ ...process, store });
    const stops: (() => Promise<void>)[] = [];
    const failed = (what: string) => (error: unknown) =>
      log.warn({ code: asFault(error).code, err: error }, `${what}; it is tried again`);
    return {
      deps: {
        ...{ lake, store, evidence, inbox: inboxFolder(config.home), threads: config.threads },
        lineageNamespace: config.lineageNamespace,
      } satisfies CatalogDeps,
      started: async () => {
        stops.push(
          repeat(readMs, () => readLineage({ store, evidence, log }), failed("lineage could not be read")),
          repeat(sendMs, send, failed("lineage could not be sent")),
        );
      },
      close: async () => {
        await Promise.all(stops.map((stop) => stop()));
      },
    };
  },
});
if (import.meta.main) await run(catalog);
