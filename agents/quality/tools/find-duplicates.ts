import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin, DatasetRef } from "@muster/shared/domain/dataset.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { withoutCopies } from "../cells/coded.ts";
import { readCoded } from "../cells/read-coded.ts";
import type { QualityDeps } from "../index.ts";
import { nearDuplicates } from "../near-duplicates.ts";

export const findDuplicates = tool({
  name: "find_duplicates",
  does: "Finds rows that are there twice: exact copies, and rows that are nearly the same under another id or spelling. Counts and queries, no values.",
  effect: "read",
  input: z.object({ dataset: DatasetRef }),
  output: z.object({
    dataset: DatasetPin,
    rows: z.number().int(),
    /** Rows that equal an earlier row in every column. */
    exact: z.object({ rows: z.number().int(), share: z.number(), query: z.string().nullable() }),
    near: z.object({
      /** Rows that were looked at: all, or a part of a large table, copies left out. */
      looked: z.number().int(),
      pairs: z.number().int(),
      rows: z.number().int(),
      groups: z.number().int(),
      differ: z.array(z.object({ column: z.string(), pairs: z.number().int() })),
      query: z.string().nullable(),
    }),
    verdict: z.string(),
  }),
  needs: [{ is: "dataset.profiled", of: "dataset", as: "profile" }],
  cost: { ms: 1500 },
  run: async ({ dataset, profile }, { lake, threads }: Context & QualityDeps) => {
    const { name, columns } = await lake.manifest(dataset);
    const from = quoteIdent(name);
    const table = await withPins(lake, [dataset], { threads }, (reader) => readCoded(reader, name, columns));
    const single = withoutCopies(table);
    const { agree, ...near } = nearDuplicates(single);
    const all = columns.map((c) => quoteIdent(c.name)).join(", ");
    const key = agree.map(quoteIdent).join(", ");
    const exactQuery = `SELECT ${all}, count(*) AS copies FROM ${from} GROUP BY ${all} HAVING count(*) > 1`;
    const nearQuery = `SELECT * FROM ${from} WHERE (${key}) IN (SELECT ${key} FROM ${from} GROUP BY ${key} HAVING count(*) > 1) ORDER BY ${key}`;
    const { rows: copies, share } = profile.duplicates;
    const part = table.rows < table.of ? ` among the ${table.rows} of ${table.of} rows looked at` : "";
    const verdict = `${copies} of ${profile.rows} rows are exact copies of an earlier one; ${near.rows} more are nearly the same as another${part}, in ${near.groups} groups`;
    return {
      dataset,
      rows: profile.rows,
      exact: { rows: copies, share, query: copies > 0 ? exactQuery : null },
      near: { looked: single.rows, ...near, query: agree.length > 0 ? nearQuery : null },
      verdict,
    };
  },
});
