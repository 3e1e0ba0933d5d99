import type { Evidence } from "@muster/bus/evidence.ts";
import type { Live } from "./tell.ts";

/** What is live now, by the receipts that stand. */
export async function liveDeployments(evidence: Pick<Evidence, "standing">): Promise<Live> {
  const live = new Map<string, Set<string>>();
  for (const { about } of await evidence.standing("deployment.live", {})) {
    const { deployment, model } = about;
    if (typeof deployment !== "string" || typeof model !== "string") continue;
    live.set(deployment, (live.get(deployment) ?? new Set()).add(model));
  }
  return live;
}
