import { bringUp, type Swarm } from "@muster/infra/swarm.ts";
import { testHome } from "@muster/infra/testing.ts";
import { readConfig } from "@muster/shared/config.ts";

/** Brings up a whole swarm on a fresh home and free ports, does what is given with it, and removes all of it. */
export async function withSwarm<T>(work: (swarm: Swarm) => Promise<T>): Promise<T> {
  const { home, remove } = testHome();
  try {
    const config = readConfig({ MUSTER_HOME: home, MUSTER_HTTP: "127.0.0.1:0", MUSTER_SERVING: "127.0.0.1:0" });
    const swarm = await bringUp({ home, config, addressesSet: { http: true, serving: true } });
    try {
      return await work(swarm);
    } finally {
      await swarm.stop();
    }
  } finally {
    remove();
  }
}
