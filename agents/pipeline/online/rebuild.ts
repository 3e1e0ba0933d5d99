import type { Keyed } from "@muster/bus/keyed.ts";
import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import { Fault } from "@muster/shared/fault.ts";
import { OnlineState, onlineName } from "@muster/shared/features/online-groups.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { publishOnline, stateOf, unpublish } from "./publish.ts";
import type { OnlineStore, OnlineView } from "./store.ts";

/** What online views are written with. */
export type Onlining = { online: OnlineStore; keyed: Keyed; lake: Lake; threads: number };

/** Writes a view's events from the versions it stands on. */
export const writeOnline = (
  { keyed, lake, threads }: Omit<Onlining, "online">,
  what: OnlineView,
): Promise<OnlineState> =>
  withPins(lake, what.pins, { threads, memoryMb: 2048, timeLimitMs: 600_000 }, (reader) =>
    publishOnline(keyed, reader, what),
  );

/** Whether a version's rows still stand: neither erased nor removed by retention. */
async function stands(lake: Lake, pin: DatasetPin): Promise<boolean> {
  try {
    await lake.standing(pin);
    return true;
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return false;
    throw error;
  }
}

/** Writes again what Redis has lost, and takes away what stands on versions that were destroyed. Gives how many views changed. */
export async function rebuildOnline({ online, ...onlining }: Onlining): Promise<number> {
  const { keyed, lake } = onlining;
  let changed = 0;
  for (const what of await online.all()) {
    const { hash } = what.view;
    const standing = await Promise.all(what.pins.map((pin) => stands(lake, pin)));
    if (standing.includes(false)) {
      await unpublish(keyed, hash);
      await online.remove(hash);
      changed++;
      continue;
    }
    const held = OnlineState.safeParse(await keyed.pointed(onlineName(hash)));
    if (held.success && held.data.state === stateOf(what)) continue;
    await writeOnline(onlining, what);
    changed++;
  }
  return changed;
}
