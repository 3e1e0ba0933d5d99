import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { type DatasetManifest, DatasetRef, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { z } from "zod";
import { inUsd } from "../budget.ts";
import type { CostDeps } from "../index.ts";
import { usd } from "../price.ts";

const gb = 1024 ** 3;

const Saving = z.object({
  dataset: z.string(),
  kind: z.string(),
  versions: z.number().int(),
  /** Of all its versions whose rows stand. */
  bytes: z.number(),
  monthlyUsd: z.number(),
  /** What making its newest version again would cost, as making it took; null where that wasn't seen (a loaded file). */
  rebuildUsd: z.number().nullable(),
  rebuildSeconds: z.number().nullable(),
  /** The last use that was seen; null: none since it was first written. */
  lastUse: z.object({ at: z.string(), by: z.string() }).nullable(),
  /** From when on no use was seen. */
  unusedSince: z.string(),
  verdict: z.string(),
});

export const estimateSavings = tool({
  name: "estimate_savings",
  does: "Says what each dataset of the lake costs to keep and to make again, and since when no use of it was seen in lineage and query log.",
  effect: "read",
  input: z.object({
    dataset: DatasetRef.optional(),
    /** Only datasets of which no use was seen for so many days. */
    unusedForDays: z.number().nonnegative().max(36_500).optional(),
    limit: z.number().int().min(1).max(500).default(50),
  }),
  output: z.object({
    datasets: z.array(Saving),
    bytes: z.number(),
    monthlyUsd: z.number(),
    storageGbMonthUsd: z.number(),
    verdict: z.string(),
  }),
  cost: { ms: 300 },
  run: async ({ dataset, unusedForDays, limit }, { store, lake, prices, threads, now }: Context & CostDeps) => {
    await store.uses.readOn();
    const [uses, made, table] = await Promise.all([store.uses.all(), store.steps.writing(), prices()]);
    const all = dataset ? [await lake.manifest(dataset)] : await lake.list();
    const found = await Promise.all(
      all.map(async (manifest): Promise<z.infer<typeof Saving>> => {
        const { versions, bytes, first } = await storedOf(lake, manifest);
        const use = uses.get(manifest.name) ?? null;
        const making = made.get(manifest.name) ?? null;
        const monthlyUsd = (bytes / gb) * table.storageGbMonthUsd;
        const unusedSince = use?.at ?? first;
        const rebuild =
          making && usd(table, { cpuSeconds: making.seconds * threads, memoryMb: 0, seconds: making.seconds });
        return {
          ...{ dataset: manifest.name, kind: manifest.kind, versions, bytes, monthlyUsd, unusedSince },
          ...{ rebuildUsd: rebuild, rebuildSeconds: making?.seconds ?? null },
          lastUse: use && { at: use.at, by: use.by },
          verdict: `${size(bytes)} in ${versions} ${versions === 1 ? "version" : "versions"}, ${inUsd(monthlyUsd)} a month; no use seen since ${unusedSince} in lineage and query log`,
        };
      }),
    );
    const before = unusedForDays === undefined ? null : now().getTime() - unusedForDays * 86_400_000;
    const wanted = found.filter(({ unusedSince }) => before === null || Date.parse(unusedSince) <= before);
    const bytes = wanted.reduce((sum, one) => sum + one.bytes, 0);
    const monthlyUsd = wanted.reduce((sum, one) => sum + one.monthlyUsd, 0);
    return {
      datasets: wanted.toSorted((a, b) => b.bytes - a.bytes || a.dataset.localeCompare(b.dataset)).slice(0, limit),
      ...{ bytes, monthlyUsd, storageGbMonthUsd: table.storageGbMonthUsd },
      verdict: `${wanted.length} datasets, ${size(bytes)}, ${inUsd(monthlyUsd)} a month${unusedForDays === undefined ? "" : `, of which no use was seen for ${unusedForDays} days in lineage and query log`}; what isn't seen there may still be used`,
    };
  },
});

/** How much a dataset's standing versions take, and when the first of them was written. */
async function storedOf(lake: CostDeps["lake"], manifest: DatasetManifest) {
  const pins = await lake.versions(parseDatasetRef(manifest.name).name);
  const manifests = await Promise.all(pins.map((pin) => lake.manifest(pin)));
  return {
    versions: manifests.length,
    bytes: manifests.reduce((sum, one) => sum + one.bytes, 0),
    first: manifests.map((one) => one.writtenAt).sort()[0] ?? manifest.writtenAt,
  };
}

const size = (bytes: number): string =>
  bytes >= gb
    ? `${(bytes / gb).toFixed(1)} GB`
    : bytes >= 1024 ** 2
      ? `${(bytes / 1024 ** 2).toFixed(1)} MB`
      : `${Math.ceil(bytes / 1024)} KB`;
