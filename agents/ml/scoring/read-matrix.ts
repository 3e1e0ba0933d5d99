import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { standingInFor } from "@muster/shared/warehouse/tombstone.ts";
import { openPins } from "@muster/shared/warehouse/write-query.ts";
import { type FeatureInput, type FeatureRows, readFeatures } from "./read-features.ts";

/** The rows of a materialized matrix in order, page by page; without a person's who was erased since. */
export async function* matrixPages(
  lake: Lake,
  pin: DatasetPin,
  features: readonly FeatureInput[],
  pageRows: number,
): AsyncGenerator<FeatureRows & { start: number }> {
  const matrix = await standingInFor(lake, pin);
  const { rows } = await lake.manifest(matrix);
  const engine = await openPins(lake, { matrix });
  try {
    for (let start = 0; start < rows; start += pageRows) {
      const where = `__row >= ${start} AND __row < ${start + pageRows}`;
      yield { start, ...(await readFeatures(engine, features, { relation: "matrix", where, order: "__row" })) };
    }
  } finally {
    engine.close();
  }
}

/** The newest row of an entity in a materialized matrix; null where it has none. */
export async function entityRow(
  lake: Lake,
  pin: DatasetPin,
  features: readonly FeatureInput[],
  entity: string,
): Promise<FeatureRows | null> {
  const engine = await openPins(lake, { matrix: await standingInFor(lake, pin) });
  try {
    const where = `CAST(__entity AS VARCHAR) = ${quoteLiteral(entity)}`;
    const found = await readFeatures(engine, features, {
      ...{ relation: "matrix", where, order: "__cutoff DESC NULLS LAST, __row", limit: 1 },
    });
    return found.rows === 0 ? null : found;
  } finally {
    engine.close();
  }
}

/** Rows of a materialized matrix, evenly spread over it where it has more than `most`. */
export async function sampleMatrix(
  lake: Lake,
  pin: DatasetPin,
  features: readonly FeatureInput[],
  most: number,
): Promise<FeatureRows> {
  const matrix = await standingInFor(lake, pin);
  const { rows } = await lake.manifest(matrix);
  const engine = await openPins(lake, { matrix });
  try {
    // Row i is taken where the i-th of `most` equal parts begins, so that every cutoff keeps its share.
    const where =
      rows > most ? `floor((__row + 1) * ${most}.0 / ${rows}) > floor(__row * ${most}.0 / ${rows})` : undefined;
    return await readFeatures(engine, features, { relation: "matrix", where, order: "__row" });
  } finally {
    engine.close();
  }
}
