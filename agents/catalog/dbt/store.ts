import type { Database, Migration, Trx } from "@muster/shared/database/open.ts";
import type { DeclaredKey } from "../joins/pairs.ts";
import type { Relationship } from "./annotate.ts";

/** Foreign keys that projects declare between datasets. */
export type ForeignKeyTables = {
  foreign_key: { dataset: string; column: string; by: string; to_dataset: string; to_column: string };
};

/** The step that makes their table. */
export const foreignKeyMigration: Migration = {
  name: "foreign_keys",
  sql: `
    create table foreign_key (dataset text not null, "column" text not null, by text not null, to_dataset text not null, to_column text not null,
      primary key (dataset, "column", by, to_dataset, to_column));`,
};

/** Foreign keys that projects declare. */
export function foreignKeyStore(db: Database<ForeignKeyTables>) {
  return {
    /** Sets all that a project declares of a dataset: what it no longer declares goes. */
    replace: async (
      trx: Trx<ForeignKeyTables>,
      dataset: string,
      by: string,
      relationships: readonly Relationship[],
    ): Promise<void> => {
      await trx.deleteFrom("foreign_key").where("dataset", "=", dataset).where("by", "=", by).execute();
      const rows = relationships.map(({ column, to, field }) => ({
        dataset,
        column,
        by,
        to_dataset: to,
        to_column: field,
      }));
      if (rows.length > 0)
        await trx
          .insertInto("foreign_key")
          .values(rows)
          .onConflict((conflict) => conflict.doNothing())
          .execute();
    },
    /** Those between the given datasets, in an order that is always the same. */
    between: async (datasets: readonly string[]): Promise<DeclaredKey[]> => {
      if (datasets.length < 2) return [];
      const rows = await db
        .selectFrom("foreign_key")
        .selectAll()
        .where("dataset", "in", [...datasets])
        .where("to_dataset", "in", [...datasets])
        .orderBy("dataset")
        .orderBy("column")
        .orderBy("to_dataset")
        .orderBy("to_column")
        .execute();
      const keys = rows.map(({ dataset, column, to_dataset, to_column }) => ({
        left: { dataset, column },
        right: { dataset: to_dataset, column: to_column },
      }));
      return [...new Map(keys.map((key) => [JSON.stringify(key), key])).values()];
    },
  };
}
