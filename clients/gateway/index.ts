import { main } from "@muster/bus/run.ts";
import { fault } from "@muster/shared/fault.ts";
import { openGate } from "./gate.ts";
import { createGateway } from "./server.ts";
import { openSessionStore } from "./store.ts";

/**
 * The gateway: the HTTP door of the swarm. Authenticates people, signs what they ask, and shows what came of it.
 * Owns the tables session and link. Never sees a row of data.
 */
if (import.meta.main)
  await main(async (process) => {
    const sessions = await openSessionStore(process.pool);
    const app = await createGateway({ gate: openGate(process), sessions, now: process.now });
    const [, host = "127.0.0.1", port = "4280"] = /^(.*):(\d+)$/.exec(process.config.http) ?? [];
    try {
      await app.listen({ host: host.replace(/^\[|\]$/g, ""), port: Number(port) });
    } catch (error) {
      throw fault("conflict", `port ${port} is taken; set MUSTER_HTTP to another`, { port: Number(port) }, error);
    }
    return () => app.close();
  });
