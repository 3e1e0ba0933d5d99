import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { type DatasetManifest, DatasetRef, pinOf } from "@muster/shared/domain/dataset.ts";
import { Interval, type Prices } from "@muster/shared/domain/estimate.ts";
import { fault } from "@muster/shared/fault.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { inUsd } from "../budget.ts";
import type { CostDeps } from "../index.ts";
import { usd } from "../price.ts";
import { estimateOf, fitQueries } from "../queries/estimate.ts";
import { bytesOf } from "../queries/footprint.ts";
import { type Query, QueryKind, querySql, queryTerms, type Side } from "../queries/kinds.ts";

/** What an engine may use at most, counted at the high end; a query that fits the cache uses next to nothing. */
const engineMemoryMb = 1024;

const Known = z.enum(["measured", "estimate"]);
const columns = z.array(z.string().min(1)).min(1).max(1000).optional();

export const estimateQuery = tool({
  name: "estimate_query",
  does: "Says what reading, profiling, joining or materializing columns of a dataset takes: rows, bytes, CPU-seconds and USD, and where each number comes from.",
  effect: "read",
  input: z.object({
    kind: QueryKind,
    dataset: DatasetRef,
    /** Columns that are read; absent: all. */
    columns,
    /** The other dataset of a join (also while materializing). */
    with: DatasetRef.optional(),
    withColumns: columns,
    /** Pairs of columns that the join compares. */
    on: z
      .array(z.object({ left: z.string(), right: z.string() }))
      .min(1)
      .max(8)
      .optional(),
  }),
  output: z.object({
    /** Rows that are read, of both sides. */
    rows: z.object({ value: z.number(), source: Known }),
    /** Bytes that are read from the disk, compressed as they lie there. */
    bytes: z.object({ value: z.number(), source: Known }),
    /** Of this machine; null where a warehouse does the work: its processors aren't ours to measure. */
    cpuSeconds: Interval.and(z.object({ source: Known })).nullable(),
    seconds: Interval.and(z.object({ source: Known })).nullable(),
    usd: Interval.and(z.object({ source: Known })),
    /** Queries of this kind that were measured on this machine. */
    basedOn: z.object({ measured: z.number().int() }),
    verdict: z.string(),
  }),
  cost: { ms: 200 },
  run: async (input, { lake, prices, queryTimes }: Context & CostDeps) => {
    const { kind, on } = input;
    if ((kind === "join") !== Boolean(input.with) && kind !== "materialize")
      throw fault(
        "invalid_input",
        kind === "join" ? "a join needs `with`, the other dataset" : `a ${kind} has one dataset; leave \`with\` out`,
      );
    if (Boolean(input.with) !== Boolean(on))
      throw fault(
        "invalid_input",
        "`with` and `on` belong together: the other dataset, and the columns that are compared",
      );
    const left = await lake.manifest(input.dataset);
    const right = input.with ? await lake.manifest(input.with) : null;
    const leftKeys = on?.map((pair) => pair.left) ?? [];
    const rightKeys = on?.map((pair) => pair.right) ?? [];
    const query: Query = {
      kind,
      left: sideOf(left, input.columns, leftKeys),
      right: right && sideOf(right, input.withColumns, rightKeys),
      on: on?.map((pair): [string, string] => [pair.left, pair.right]) ?? [],
    };
    const manifests = right ? [left, right] : [left];
    if (manifests.some(({ place }) => place)) return inWarehouse(lake, manifests, query, await prices());
    const read = async (manifest: DatasetManifest, side: Side): Promise<number> =>
      bytesOf(
        lake,
        pinOf(manifest.name, manifest.version),
        side.columns.map(({ name }) => name),
      );
    const bytes = (await read(left, query.left)) + (right ? await read(right, query.right!) : 0);
    const measured = await queryTimes(kind);
    const { cpuSeconds, seconds } = estimateOf(fitQueries(kind, measured), queryTerms(query));
    const table = await prices();
    const price = (end: keyof Interval) =>
      usd(table, { cpuSeconds: cpuSeconds[end], seconds: seconds[end], memoryMb: end === "high" ? engineMemoryMb : 0 });
    const source = "estimate" as const;
    const money = { low: price("low"), mid: price("mid"), high: price("high") };
    const rows = left.rows + (right?.rows ?? 0);
    return {
      rows: { value: rows, source: "measured" as const },
      bytes: { value: bytes, source: "measured" as const },
      ...{ cpuSeconds: { ...cpuSeconds, source }, seconds: { ...seconds, source }, usd: { ...money, source } },
      basedOn: { measured: measured.length },
      verdict: `${rows} rows, ${Math.ceil(bytes / 1024)} KB read; about ${cpuSeconds.mid.toPrecision(2)} CPU-seconds (${cpuSeconds.low.toPrecision(2)} to ${cpuSeconds.high.toPrecision(2)}), ${inUsd(money.mid)}, by ${measured.length} queries measured on this machine`,
    };
  },
});

/** What a warehouse itself expects of the query, by its EXPLAIN; `unfit` where the sides stand in two places. */
async function inWarehouse(
  lake: CostDeps["lake"],
  manifests: readonly DatasetManifest[],
  query: Query,
  prices: Prices,
) {
  const pins = manifests.map(({ name, version }) => pinOf(name, version));
  const { bytes } = await withPins(lake, pins, {}, async (reader) => {
    if (!reader.estimate) throw fault("unfit", "this warehouse doesn't say what a query would read");
    return reader.estimate(querySql(query));
  });
  const money = (bytes / 1024 ** 4) * prices.scannedTbUsd;
  const rows = manifests.reduce((sum, one) => sum + one.rows, 0);
  const source = "estimate" as const;
  return {
    ...{ rows: { value: rows, source: "measured" as const }, bytes: { value: bytes, source } },
    ...{ cpuSeconds: null, seconds: null, usd: { low: money, mid: money, high: money, source } },
    basedOn: { measured: 0 },
    verdict: `${rows} rows, about ${Math.ceil(bytes / 1024)} KB read by the warehouse's own estimate, ${inUsd(money)} at ${inUsd(prices.scannedTbUsd)} a terabyte`,
  };
}

/** The columns of a dataset that a query reads, looked up in its manifest; `invalid_input` naming one it doesn't have. */
function sideOf(manifest: DatasetManifest, wanted: readonly string[] | undefined, keys: readonly string[]): Side {
  const names = new Set([...(wanted ?? manifest.columns.map(({ name }) => name)), ...keys]);
  const found = manifest.columns.filter(({ name }) => names.has(name));
  const known = new Set(found.map(({ name }) => name));
  const missing = [...names].find((name) => !known.has(name));
  if (missing !== undefined)
    throw fault("invalid_input", `${manifest.name} has no column ${JSON.stringify(missing.slice(0, 80))}`, {
      dataset: manifest.name,
    });
  return { name: manifest.name, rows: manifest.rows, columns: found };
}
