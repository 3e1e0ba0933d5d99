import { connectBus } from "@muster/bus/connect.ts";
import { ping } from "@muster/bus/discover.ts";
import { realTimers, type Timers } from "./supervise.ts";

/** Who answers a ping on the bus now, by name; and the end of the connection. */
export type Pinger = { ping: () => Promise<string[]>; close: () => Promise<void> };

/** Connects to the bus as the supervisor. */
export async function openPinger(url: string, name: string, seed: string): Promise<Pinger> {
  const nats = await connectBus({ url, name, seed });
  return { ping: () => ping(nats), close: () => nats.close() };
}

export type HealthOptions = {
  ping: () => Promise<string[]>;
  /** Those that should answer now. */
  expected: () => readonly string[];
  /** Hears of one that didn't answer `misses` times in a row. */
  onSilent: (name: string) => void;
  everyMs?: number;
  misses?: number;
  timers?: Timers;
};

/**
 * Asks every agent for a sign of life, by default every 5 s, and reports one that stays silent 3 times in a row: hung,
 * which no exit code tells. When nobody answers it's the bus that is away, and nobody is blamed. Gives its end.
 */
export function watchHealth({
  ping,
  expected,
  onSilent,
  everyMs = 5_000,
  misses = 3,
  timers = realTimers,
}: HealthOptions): () => void {
  const silent = new Map<string, number>();
  let stopped = false;
  let cancel = () => {};
  const look = async () => {
    const answered = new Set(await ping().catch(() => []));
    if (stopped) return;
    for (const name of expected()) {
      const count = answered.has(name) ? 0 : (silent.get(name) ?? 0) + (answered.size > 0 ? 1 : 0);
      silent.set(name, count);
      if (count < misses) continue;
      silent.delete(name);
      onSilent(name);
    }
    cancel = timers.after(everyMs, () => void look());
  };
  cancel = timers.after(everyMs, () => void look());
  return () => {
    stopped = true;
    cancel();
  };
}
