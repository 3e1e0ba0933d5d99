import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetName } from "@muster/shared/domain/dataset.ts";
import { datasetNode } from "@muster/shared/domain/lineage.ts";
import { connectionOf, homeOf } from "@muster/shared/warehouse/connection.ts";
import { withSource } from "@muster/shared/warehouse/source.ts";
import { z } from "zod";
import type { CatalogDeps } from "../index.ts";
import { crawlSource as crawl } from "../sources/crawl.ts";

/** Names shown of each kind at most; counts are always whole. */
const shown = 200;

export const crawlSource = tool({
  name: "crawl_source",
  does: "Reads which tables and views a warehouse has and makes each a dataset that stays there; goes on where it was cut off and reads again only what changed.",
  effect: "write",
  long: true,
  input: z.object({
    source: DatasetName,
    /** Takes every checksum anew, also where the warehouse shows no change. */
    full: z.boolean().optional(),
  }),
  output: z.object({
    source: DatasetName,
    tables: z.number().int(),
    changed: z.number().int(),
    datasets: z.array(z.object({ name: DatasetName, schema: z.string(), table: z.string(), changed: z.boolean() })),
    refused: z.array(z.object({ schema: z.string(), table: z.string(), reason: z.string() })),
    gone: z.array(DatasetName),
    verdict: z.string(),
  }),
  cost: { ms: 10_000 },
  run: async ({ source: name, full = false }, context: Context & CatalogDeps) => {
    const { lake, store, id, progress, commit, emit, lineage } = context;
    const connection = await connectionOf(homeOf(lake), name);
    const found = await withSource(lake, name, (source) =>
      crawl(context, source, connection, { crawl: id("crl"), full, progress }),
    );
    commit((trx) => store.sources.end(trx, name));
    const changed = found.tables.filter((one) => one.changed);
    lineage({ outputs: changed.map(({ pin }) => datasetNode(pin)) });
    for (const { pin } of changed) emit("dataset_registered", { dataset: pin, rows: (await lake.manifest(pin)).rows });
    const counts = [
      `${found.tables.length} tables`,
      `${changed.length} new or changed`,
      ...(found.refused.length > 0 ? [`${found.refused.length} left out: ${listed(found.refused)}`] : []),
      ...(found.gone.length > 0 ? [`${found.gone.length} gone`] : []),
    ];
    return {
      source: name,
      tables: found.tables.length,
      changed: changed.length,
      datasets: found.tables
        .slice(0, shown)
        .map(({ dataset, schema, table, changed }) => ({ name: dataset, schema, table, changed })),
      refused: found.refused.slice(0, shown),
      gone: found.gone.slice(0, shown).map(({ dataset }) => dataset),
      verdict: `${name}: ${counts.join(", ")}`,
    };
  },
});

const listed = (refused: readonly { schema: string; table: string; reason: string }[]): string =>
  refused
    .slice(0, 5)
    .map(({ schema, table, reason }) => `${schema}.${table} (${reason})`)
    .join(", ");
