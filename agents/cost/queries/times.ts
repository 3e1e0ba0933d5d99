import type { Lake } from "@muster/shared/warehouse/lake.ts";
import type { QueryKind } from "./kinds.ts";
import { type Clock, measureQueries } from "./measure.ts";
import type { MeasuredQuery, queryStore } from "./store.ts";

/** What queries of a kind took on this machine; they are measured the first time that anybody asks, and kept. */
export type QueryTimes = (kind: QueryKind) => Promise<MeasuredQuery[]>;

/** Opens the measurements over their store; whoever asks while they are being made waits for them. */
export function queryTimes(
  {
    queries,
    lake,
    threads,
    now,
  }: { queries: ReturnType<typeof queryStore>; lake: Lake; threads: number; now: () => Date },
  clock: Clock,
): QueryTimes {
  let making: Promise<void> | null = null;
  const make = async () => {
    await queries.add(await measureQueries(lake, threads, clock), now().toISOString());
  };
  return async (kind) => {
    const held = await queries.measured(kind);
    if (held.length > 0) return held;
    making ??= make().finally(() => {
      making = null;
    });
    await making;
    return queries.measured(kind);
  };
}
