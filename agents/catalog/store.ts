import { type Migration, migrateOwn, openDatabase, type Trx } from "@muster/shared/database/open.ts";
import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import type { FactName } from "@muster/shared/fact/table.ts";
import { sql } from "kysely";
import type pg from "pg";
import { type ForeignKeyTables, foreignKeyMigration, foreignKeyStore } from "./dbt/store.ts";
import type { FoundJoin } from "./joins.ts";
import { type LineageTables, lineageMigration, lineageStore } from "./lineage/store.ts";
import { type SearchTables, searchMigration, searchStore } from "./search/store.ts";
import { type SourceTables, sourceMigration, sourceStore } from "./sources/store.ts";
import type { DatasetStat } from "./stat.ts";
import { type TextTables, textMigration, textStore } from "./texts/store.ts";

type Tables = {
  dataset_stat: { pin: string; stat: string };
  join_set: { scope: string; joins: string };
} & ForeignKeyTables &
  LineageTables &
  SearchTables &
  SourceTables &
  TextTables;

/** Facts that come from reading a dataset's rows to learn, to score or to compare. */
const usingFacts: FactName[] = [
  "labels.built",
  "features.materialized",
  "features.backfilled",
  "run.finished",
  "predictions.written",
  "drift.checked",
];

const migrations: Migration[] = [
  {
    name: "stats",
    sql: `
      create table dataset_stat (pin text primary key, stat jsonb not null);
      create table join_set (scope text primary key, joins jsonb not null);`,
  },
  textMigration,
  searchMigration,
  sourceMigration,
  lineageMigration,
  foreignKeyMigration,
];

/**
 * The catalog's tables: counts of each dataset version, the joins found in a set of versions, and the search's index, which
 * can be computed again; what was said of datasets, words that stand for each other, and which tables of connected sources are which datasets;
 * and what runs read and wrote.
 */
export type CatalogStore = Awaited<ReturnType<typeof openCatalogStore>>;

/** Opens the catalog's store and brings its schema up to date. */
export async function openCatalogStore(pool: pg.Pool) {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "catalog", migrations);
  return {
    texts: textStore(db),
    sources: sourceStore(db),
    lineage: lineageStore(db),
    foreignKeys: foreignKeyStore(db),
    search: await searchStore(db),
    transaction: <T>(work: (trx: Trx<Tables>) => Promise<T>): Promise<T> => db.transaction().execute(work),
    saveStat: async (trx: Trx<Tables> | null, pin: DatasetPin, stat: DatasetStat): Promise<void> => {
      await (trx ?? db)
        .insertInto("dataset_stat")
        .values({ pin, stat: JSON.stringify(stat) })
        .onConflict((conflict) => conflict.column("pin").doNothing())
        .execute();
    },
    stats: async (pins: readonly DatasetPin[]): Promise<Map<DatasetPin, DatasetStat>> => {
      if (pins.length === 0) return new Map();
      const rows = await db
        .selectFrom("dataset_stat")
        .selectAll()
        .where("pin", "in", [...pins])
        .execute();
      return new Map(rows.map((row) => [row.pin, row.stat as unknown as DatasetStat]));
    },
    /** When rows of each dataset were last used for labels, features, a training or predictions, as the evidence shows it. */
    lastUses: async (): Promise<Map<string, string>> => {
      const { rows } = await sql<{ dataset: string; at: string }>`
        select m[1] as dataset, max(r.at) as at
        from evidence.receipt r, regexp_matches(r.about::text, '([a-z][a-z0-9_]{0,62})@[0-9a-f]{64}', 'g') m
        where r.fact = any(${usingFacts}::text[]) group by m[1]`.execute(db);
      return new Map(rows.map(({ dataset, at }) => [dataset, at]));
    },
    joins: async (scope: string): Promise<FoundJoin[] | null> => {
      const row = await db.selectFrom("join_set").select("joins").where("scope", "=", scope).executeTakeFirst();
      return row ? (row.joins as unknown as FoundJoin[]) : null;
    },
    saveJoins: async (scope: string, joins: readonly FoundJoin[]): Promise<void> => {
      await db
        .insertInto("join_set")
        .values({ scope, joins: JSON.stringify(joins) })
        .onConflict((conflict) => conflict.column("scope").doNothing())
        .execute();
    },
  };
}
