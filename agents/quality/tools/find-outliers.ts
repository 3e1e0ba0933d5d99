import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin, DatasetRef } from "@muster/shared/domain/dataset.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { readCoded } from "../cells/read-coded.ts";
import { detectors, findSuspects } from "../cells/suspects.ts";
import type { QualityDeps } from "../index.ts";
import { suspicionsOf } from "../suspect-report.ts";

export const findOutliers = tool({
  name: "find_outliers",
  does: "Finds cells that are probably wrong, without configuration: slips, rare shapes, far numbers, values of another column, broken dependencies. Counts and queries, no values.",
  effect: "read",
  input: z.object({ dataset: DatasetRef }),
  output: z.object({
    dataset: DatasetPin,
    rows: z.number().int(),
    /** Rows that were looked at: all, or a part of a large table. */
    looked: z.number().int(),
    cells: z.number().int(),
    share: z.number(),
    suspicions: z.array(
      z.object({
        column: z.string(),
        because: z.enum(detectors),
        cells: z.number().int(),
        why: z.string(),
        rows: z.string(),
        /** False: the query shows them among others that can't be told apart without naming values. */
        exact: z.boolean(),
      }),
    ),
    verdict: z.string(),
  }),
  cost: { ms: 1500 },
  run: async ({ dataset }, { lake, threads }: Context & QualityDeps) => {
    const { name, columns } = await lake.manifest(dataset);
    const { table, found, suspicions } = await withPins(lake, [dataset], { threads }, async (reader) => {
      const coded = await readCoded(reader, name, columns);
      const suspects = findSuspects(coded);
      const { dialect } = reader;
      return {
        table: coded,
        found: suspects,
        suspicions: suspicionsOf({ relation: name, table: coded, ...suspects, dialect }),
      };
    });
    const cells = found.cells.length;
    const all = table.rows * columns.length;
    const part = table.rows < table.of ? ` of the ${table.rows} rows looked at (${table.of} in all)` : "";
    const verdict =
      cells === 0
        ? `no cell${part} stands out`
        : `${cells} of ${all} cells${part} are probably wrong, most of them in ${suspicions[0]!.column}: ${suspicions[0]!.why}`;
    return {
      dataset,
      rows: table.of,
      looked: table.rows,
      cells,
      share: all > 0 ? cells / all : 0,
      suspicions,
      verdict,
    };
  },
});
