import { fault } from "@muster/shared/fault.ts";

/**
 * What a run may spend. `check` throws `over_budget` once more than the limit less `reserve` CPU seconds are used;
 * the reserve keeps room for the refit while candidates are compared.
 */
export type Meter = { limit: number; used: () => number; reserve: number; check: () => void };

/** A meter over a CPU clock (seconds since the run began). */
export function meterOf(limit: number, used: () => number): Meter {
  const meter: Meter = {
    limit,
    used,
    reserve: 0,
    check() {
      if (used() > limit - meter.reserve)
        throw fault("over_budget", `the ${limit} CPU s of this run are spent`, { limit });
    },
  };
  return meter;
}
