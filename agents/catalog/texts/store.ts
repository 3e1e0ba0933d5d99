import type { Database, Migration, Trx } from "@muster/shared/database/open.ts";
import type { DatasetText } from "./text.ts";

/** What people, sources and dbt said of datasets; `column` is empty where it is about the whole dataset. */
export type TextTables = {
  dataset_text: Omit<DatasetText, "column"> & { column: string };
};

/** The step that makes the texts' table. */
export const textMigration: Migration = {
  name: "texts",
  sql: `
    create table dataset_text (
      dataset text not null, "column" text not null, kind text not null, giver text not null, text text not null,
      by text, at timestamptz not null, primary key (dataset, "column", kind, giver));`,
};

/** Descriptions, owners, comments and tags of datasets and columns. */
export function textStore(db: Database<TextTables>) {
  const of = async (datasets: readonly string[], handle: Database<TextTables> | Trx<TextTables> = db) => {
    if (datasets.length === 0) return [];
    const rows = await handle
      .selectFrom("dataset_text")
      .selectAll()
      .where("dataset", "in", [...datasets])
      .orderBy("dataset")
      .orderBy("column")
      .orderBy("kind")
      .orderBy("giver")
      .execute();
    return rows.map((row): DatasetText => ({ ...row, column: row.column === "" ? null : row.column }));
  };
  return {
    /** What was said of datasets. */
    of,
    /** Sets one text; an empty one takes it away. */
    set: async (trx: Trx<TextTables>, text: DatasetText): Promise<void> => {
      const { dataset, kind, giver } = text;
      const column = text.column ?? "";
      await trx
        .deleteFrom("dataset_text")
        .where("dataset", "=", dataset)
        .where("column", "=", column)
        .where("kind", "=", kind)
        .where("giver", "=", giver)
        .execute();
      if (text.text !== "")
        await trx
          .insertInto("dataset_text")
          .values({ ...text, column })
          .execute();
    },
    /** Sets all that a source or dbt says of a dataset: what it no longer says goes. */
    replace: async (
      trx: Trx<TextTables>,
      dataset: string,
      giver: DatasetText["giver"],
      texts: readonly DatasetText[],
    ): Promise<void> => {
      await trx.deleteFrom("dataset_text").where("dataset", "=", dataset).where("giver", "=", giver).execute();
      const values = texts.filter(({ text }) => text !== "").map((one) => ({ ...one, column: one.column ?? "" }));
      if (values.length > 0) await trx.insertInto("dataset_text").values(values).execute();
    },
  };
}
