import type { TrainingSet } from "@muster/ml/training/train.ts";
import { fault } from "@muster/shared/fault.ts";
import { rmse } from "@muster/shared/stats/metrics.ts";
import { openEngine } from "@muster/shared/warehouse/duckdb.ts";
import { quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { publicFile } from "../../support/story.ts";
import type { PublicTable } from "./public-set.ts";

/** Hours of a bicycle rental, in the order of time; the number of the row and the date are no features. */
export const bikeHours: PublicTable = {
  ...{ file: ["bike_sharing", "bike_hourly.csv"], header: true, label: "cnt", task: "regression", metric: "rmse" },
  ...{ without: ["instant", "dteday"], time: "instant" },
};

const months = 18;

/** The rows of the first 18 months, and those of the rest. */
export function byMonth({ columns, row }: TrainingSet): { early: Int32Array; late: Int32Array } {
  const of = (name: string) => {
    const values = columns.find((column) => column.name === name)?.values;
    if (!(values instanceof Float64Array)) throw fault("internal", `${name} isn't a column of numbers`);
    return values;
  };
  const [year, month] = [of("yr"), of("mnth")];
  const early = (i: number) => 12 * year[i]! + month[i]! <= months;
  const all = Int32Array.from(row, (_, i) => i);
  return { early: all.filter(early), late: all.filter((i) => !early(i)) };
}

/** The error of answering with the same hour of the week before (an hour that is missing: of the week before that) after the first 18 months. */
export async function seasonalNaive(): Promise<number> {
  const file = publicFile(...bikeHours.file);
  const engine = await openEngine({ files: [file], memoryMb: 512, threads: 1 });
  try {
    const rows = await engine.query(
      `WITH t AS (SELECT dteday::DATE::TIMESTAMP + to_hours(hr) AS hour, cnt, 12 * yr + mnth AS month
                  FROM read_csv(${quoteLiteral(file)}, header = true))
       SELECT now.cnt::DOUBLE AS truth, coalesce(week.cnt, before.cnt)::DOUBLE AS naive
       FROM t AS now LEFT JOIN t AS week ON week.hour = now.hour - INTERVAL 7 DAY
         LEFT JOIN t AS before ON before.hour = now.hour - INTERVAL 14 DAY
       WHERE now.month > ${months} AND coalesce(week.cnt, before.cnt) IS NOT NULL`,
    );
    return rmse(
      rows.map(({ truth }) => Number(truth)),
      rows.map(({ naive }) => Number(naive)),
    );
  } finally {
    engine.close();
  }
}
