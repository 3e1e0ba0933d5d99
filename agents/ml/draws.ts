import { denseClusters } from "@muster/shared/stats/bootstrap.ts";

/** What is drawn as a whole, and the dense index (0..k−1) of each row's; null draws single rows. */
export type Draws = { by: "entity" | "time" | "row"; clusters: Int32Array | null; count: number };

const dayMs = 86_400_000;
/** Fewer blocks of time than this give an interval that is too narrow. */
const fewestBlocks = 20;

/**
 * What a bootstrap draws: whole entities where they repeat and are several; else blocks of time where rows have one, a day each, or a
 * twentieth of the span where that holds fewer than 20 days; else rows. `time` is in milliseconds (or any number that
 * rises with it: then its span is cut into twenty).
 */
export function drawsOf(entity: readonly string[] | null, time: Float64Array | null, rows: number): Draws {
  if (entity !== null) {
    const clusters = denseClusters(entity);
    const count = 1 + clusters.reduce((most, one) => Math.max(most, one), -1);
    // Of a single one every draw would be the same, and anything certain.
    if (count > 1 && count < rows) return { by: "entity", clusters, count };
  }
  if (time !== null && time.length > 0) {
    const from = time.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
    const to = time.reduce((most, at) => Math.max(most, at), Number.NEGATIVE_INFINITY);
    const length = Math.min(dayMs, (to - from) / fewestBlocks);
    if (length > 0) {
      const blocks = Array.from(time, (at) => String(Math.floor((at - from) / length)));
      const clusters = denseClusters(blocks);
      return { by: "time", clusters, count: new Set(blocks).size };
    }
  }
  return { by: "row", clusters: null, count: rows };
}
