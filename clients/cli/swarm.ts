import { gatewayClient } from "@muster/infra/gateway-client.ts";
import { requireState, type SwarmState } from "@muster/infra/state.ts";
import { readConfig } from "@muster/shared/config.ts";
import { tokenFile } from "@muster/shared/home.ts";

/** The running swarm of this home; `unavailable` says how to start one. */
export const runningSwarm = (): SwarmState => requireState(readConfig().home);

/** The gateway of the running swarm, with this home's token. */
export function gateway() {
  const state = runningSwarm();
  return { ...gatewayClient(state.urls.gateway, tokenFile(state.home)), state };
}
