import { CATEGORY_COUNT } from "@muster/shared/domain/profile.ts";
import type { Measured } from "@muster/shared/features/associations.ts";
import { quoteIdent, quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";

const LEVELS = { q05: 0.05, q25: 0.25, q50: 0.5, q75: 0.75, q95: 0.95 } as const;
type Level = keyof typeof LEVELS;
const MOST_TOP = 10;

/**
 * One feature over every row of a matrix. `mean` and `sd` of numbers that at least 20 rows have; `quantiles`: those beyond
 * which at least 20 rows lie; `top`: the most frequent categories of at least 20 rows, of a feature that may be shown.
 */
export type Described = {
  name: string;
  type: Measured["type"];
  missing: number;
  missingShare: number;
  distinct: number;
  mean: number | null;
  sd: number | null;
  quantiles: Partial<Record<Level, number>>;
  top: { value: string; rows: number }[];
};

const numberOrNull = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));

/** Describes features of a matrix relation in one scan, and one more for categories. `shown`: whose values may be shown. */
export async function describeFeatures(
  reader: Reader,
  relation: string,
  measured: readonly Measured[],
  shown: ReadonlySet<string>,
): Promise<{ rows: number; features: Described[] }> {
  const picked = measured.flatMap(({ name, type }, i) => {
    const c = quoteIdent(name);
    const levels = Object.entries(LEVELS).map(([level, p]) => `quantile_cont(${c}, ${p}) AS ${level}_${i}`);
    const number = type === "number" ? [`favg(${c}) AS m${i}`, `stddev_samp(${c}) AS s${i}`, ...levels] : [];
    return [`count(${c}) AS n${i}`, `count(DISTINCT ${c}) AS d${i}`, ...number];
  });
  const from = quoteIdent(relation);
  const [row] = await reader.query(`SELECT count(*) AS n, ${picked.join(", ")} FROM ${from}`);
  const rows = Number(row!.n);
  const categories = measured.filter(({ name, type }) => type === "category" && shown.has(name));
  const counts = categories.map(({ name }) => {
    const c = quoteIdent(name);
    return `SELECT ${quoteLiteral(name)} AS f, ${c} AS value, count(*) AS rows FROM ${from} WHERE ${c} IS NOT NULL
      GROUP BY 2 HAVING count(*) >= ${CATEGORY_COUNT}`;
  });
  const found = counts.length === 0 ? [] : await reader.query(`${counts.join(" UNION ALL ")} ORDER BY 1, 3 DESC, 2`);
  const features = measured.map(({ name, type }, i): Described => {
    const there = Number(row![`n${i}`]);
    const told = type === "number" && shown.has(name) && there >= CATEGORY_COUNT;
    const levels = Object.entries(LEVELS).filter(([, p]) => told && there * Math.min(p, 1 - p) >= CATEGORY_COUNT);
    const top = found.filter(({ f }) => f === name).slice(0, MOST_TOP);
    return {
      ...{ name, type, missing: rows - there, missingShare: rows === 0 ? 0 : (rows - there) / rows },
      distinct: Number(row![`d${i}`]),
      mean: told ? numberOrNull(row![`m${i}`]) : null,
      sd: told ? numberOrNull(row![`s${i}`]) : null,
      quantiles: Object.fromEntries(levels.map(([level]) => [level, Number(row![`${level}_${i}`])])),
      top: top.map((one) => ({ value: String(one.value), rows: Number(one.rows) })),
    };
  });
  return { rows, features };
}
