import { setTimeout as pause } from "node:timers/promises";

/** Tries until it succeeds, every 25 ms; ends with the last failure when `ended` says that trying is pointless. */
export async function until<T>(attempt: () => Promise<T>, ended: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (ended.aborted) throw error;
      await pause(25);
    }
  }
}
