import { pinOf } from "@muster/shared/domain/dataset.ts";
import { Fault } from "@muster/shared/fault.ts";
import type { Connection } from "@muster/shared/warehouse/connection.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { publishPlaced } from "@muster/shared/warehouse/publish.ts";
import type { Source, SourceTable } from "@muster/shared/warehouse/source.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { documentOf } from "../search/document.ts";
import { statOf } from "../stat.ts";
import type { CatalogStore } from "../store.ts";
import { type DatasetText, longestText } from "../texts/text.ts";
import { datasetName } from "./names.ts";
import type { KnownTable, OpenCrawl, Refused } from "./store.ts";

/** Tables of one part of a crawl; after each part a crawl that is cut off goes on from there. */
const PART = 25;
/** A table's checksum and counts may take as long as the connection allows. */
const LONGEST_MS = 3_600_000;

type Deps = { lake: Lake; store: CatalogStore; threads: number; now: () => Date };
type Progress = (share: number, note: string) => void;

/** What a crawl came to. `tables`: all that the source shows now; `gone`: known before and not shown any more. */
export type CrawlResult = { tables: KnownTable[]; gone: KnownTable[]; refused: Refused[] };

/**
 * Crawls a source part by part: every table becomes a dataset, one whose fingerprint hasn't changed isn't read. A crawl that
 * was cut off goes on where it stood, and says what all of it found. `full`: fingerprints don't count.
 */
export async function crawlSource(
  deps: Deps,
  source: Source,
  connection: Connection,
  { crawl, full, progress }: { crawl: string; full: boolean; progress: Progress },
): Promise<CrawlResult> {
  const { store } = deps;
  const before = await store.sources.tables(connection.name);
  // A name that is taken stays taken: of another source's table, of a dataset of the lake.
  const taken = new Set((await deps.lake.list()).map(({ name }) => name));
  for (const { dataset } of await store.sources.tables(null)) taken.add(dataset);
  let at: OpenCrawl = (await store.sources.open(connection.name)) ?? { crawl, cursor: null, refused: [] };
  for (;;) {
    const part = await source.crawl(at.cursor, PART);
    const refused = [...at.refused, ...part.refused];
    for (const table of part.tables) {
      const known = before.find((one) => one.schema === table.schema && one.table === table.table);
      const dataset = known?.dataset ?? datasetName(connection, table, (name) => taken.has(name));
      taken.add(dataset);
      const left = await crawlTable(deps, source, connection, { table, dataset, known, crawl: at.crawl, full });
      if (left) refused.push({ schema: table.schema, table: table.table, reason: left });
    }
    at = { crawl: at.crawl, cursor: part.next, refused };
    if (part.next === null) break;
    const done = at;
    await store.transaction((trx) => store.sources.advance(trx, connection.name, done));
    const seen = (await store.sources.tables(connection.name)).filter((one) => one.crawl === at.crawl).length;
    progress(seen / Math.max(before.length, seen + 1), `${seen} tables`);
  }
  const known = await store.sources.tables(connection.name);
  return {
    tables: known.filter((one) => one.crawl === at.crawl),
    gone: known.filter((one) => one.crawl !== at.crawl),
    refused: at.refused,
  };
}

/** One table of a crawl: its dataset's name, and what the crawl before knew of it. */
type Visit = { table: SourceTable; dataset: string; known: KnownTable | undefined; crawl: string; full: boolean };

/** Brings one table's dataset to where it stands now; gives the reason where it can't be. */
async function crawlTable(
  deps: Deps,
  source: Source,
  connection: Connection,
  { table, dataset, known, crawl, full }: Visit,
): Promise<string | null> {
  const { lake, store } = deps;
  const same = known && !full && table.fingerprint !== null && known.fingerprint === table.fingerprint;
  const newest = same ? await lake.newest(dataset) : null;
  let pin = newest && pinOf(dataset, newest.version);
  if (!newest || !sameColumns(newest, table)) {
    try {
      pin = await read(deps, source, connection, table, dataset);
    } catch (error) {
      if (error instanceof Fault && ["unfit", "deadline", "not_found"].includes(error.code)) return error.message;
      throw error;
    }
  }
  const manifest = await lake.manifest(pin!);
  const texts = commentsOf(table, dataset, deps.now().toISOString());
  await store.transaction(async (trx) => {
    const { keys, foreignKeys, rowEstimate, fingerprint } = table;
    const { schema, table: name } = table;
    const changed = known?.pin !== pin || (known?.crawl === crawl && known.changed);
    await store.sources.keep(trx, {
      ...{ source: connection.name, schema, table: name, dataset, pin: pin!, fingerprint, rowEstimate, keys },
      ...{ foreignKeys, crawl, changed },
    });
    await store.texts.replace(trx, dataset, "source", texts);
    await store.search.put(trx, [documentOf(manifest, await store.texts.of([dataset], trx))]);
  });
  return null;
}

const sameColumns = (
  manifest: { columns: { name: string }[]; place?: { types: Record<string, string> } },
  table: SourceTable,
) =>
  manifest.columns.length === table.columns.length &&
  table.columns.every(({ name, sourceType }) => manifest.place?.types[name] === sourceType);

/** Computes a table's version and its counts in the source; no row comes here. */
async function read(
  { lake, store, threads, now }: Deps,
  source: Source,
  connection: Connection,
  { schema, table }: SourceTable,
  dataset: string,
): Promise<string> {
  const { columns, ...content } = await source.version(schema, table);
  const types = Object.fromEntries(columns.map((column) => [column.name, column.sourceType]));
  const stored = columns.map(({ name, type }) => ({ name, type }));
  const place = { source: connection.name, schema, table, types };
  const manifest = await publishPlaced(lake, { ...content, name: dataset, columns: stored, place, now: now() });
  const pin = pinOf(dataset, manifest.version);
  if (!(await store.stats([pin])).has(pin)) {
    const stat = await withPins(lake, [pin], { threads, timeLimitMs: LONGEST_MS }, (reader) =>
      statOf(reader, manifest),
    );
    await store.saveStat(null, pin, stat);
  }
  return pin;
}

const commentsOf = (table: SourceTable, dataset: string, at: string): DatasetText[] =>
  [{ name: null, comment: table.comment }, ...table.columns].flatMap(({ name, comment }) =>
    comment === null
      ? []
      : [
          {
            dataset,
            column: name,
            kind: "comment" as const,
            giver: "source" as const,
            text: comment.slice(0, longestText),
            by: null,
            at,
          },
        ],
  );
