import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import type { Limits } from "@muster/shared/warehouse/write-query.ts";
import { countSql, type Ground, keysSql, leadingRows, namesItsRowSql } from "./ground.ts";
import { type MarkedRows, type Marks, openMarked } from "./marked-rows.ts";

/** One version of the lake as the ground of a search. */
export async function lakeGround(lake: Lake, pin: DatasetPin, limits: Limits): Promise<Ground> {
  const { columns } = await lake.manifest(pin);
  async function marked<T>(marks: Marks, work: (rows: MarkedRows) => Promise<T>): Promise<T> {
    const rows = await openMarked(lake, pin, marks, limits);
    try {
      return await work(rows);
    } finally {
      rows.engine.close();
    }
  }
  return {
    columns,
    told: (marks) =>
      marked(marks, async ({ engine, tests, mentions, any }) => {
        const each = [...tests.values(), ...mentions.values()].map((test, i) => countSql(test, `n${i}`));
        const texts = mentions.size > 0 ? [...mentions.values()].join(" OR ") : "false";
        const [row] = await engine.query<Record<string, number>>(
          `SELECT ${[...each, countSql(any, "rows"), countSql(texts, "texts")].join(", ")} FROM it`,
        );
        const counted = (names: Iterable<string>, from: number) =>
          new Map([...names].map((name, i) => [name, row![`n${from + i}`]!]));
        return {
          rows: row!.rows!,
          texts: row!.texts!,
          tests: counted(tests.keys(), 0),
          mentions: counted(mentions.keys(), tests.size),
        };
      }),
    keys: (column, marks, written) =>
      marked(marks, async ({ engine, tests, any }) => {
        const [names] = await engine.query<{ own: boolean }>(namesItsRowSql(column, "it"));
        const rows = leadingRows(names!.own, written, any, tests.get(column.name));
        if (!rows) return [];
        const found = await engine.query<{ key: string }>(keysSql(column, engine.dialect, "it", rows));
        return found.map(({ key }) => key);
      }),
  };
}
