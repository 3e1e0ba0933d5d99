import type { DatasetManifest, DatasetPlace } from "@muster/shared/domain/dataset.ts";
import { Fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { asOfNow } from "@muster/shared/warehouse/newest.ts";

/**
 * The datasets that stand where a problem's own stands, at most so many (the newest first), each as it is now; and the names of
 * those elsewhere, or that their warehouse doesn't give any more.
 */
export async function inPlace(
  lake: Lake,
  datasets: readonly DatasetManifest[],
  { place, most, now }: { place: DatasetPlace | undefined; most: number; now: Date },
): Promise<{ tables: DatasetManifest[]; elsewhere: string[] }> {
  const here = datasets.filter((one) => one.place?.source === place?.source);
  const elsewhere = datasets.filter((one) => one.place?.source !== place?.source).map(({ name }) => name);
  const tables: DatasetManifest[] = [];
  for (const one of here.sort((a, b) => b.writtenAt.localeCompare(a.writtenAt)).slice(0, most)) {
    try {
      tables.push(await asOfNow(lake, one, now));
    } catch (error) {
      if (!(error instanceof Fault && ["not_found", "unfit", "deadline"].includes(error.code))) throw error;
      elsewhere.push(one.name);
    }
  }
  return { tables, elsewhere };
}
