import { join } from "node:path";
import { newId } from "@muster/bus/evidence.ts";
import type { Process } from "@muster/bus/process.ts";
import type { GovernanceStore } from "../store.ts";
import { keepPolicies, type PolicyKeeper } from "./keep-policies.ts";

/** The folder of the team's own policies and their tests, in the data folder. */
export const policyFolder = (home: string): string => join(home, "policies");

/** Opens the policies of a process's home; what changes in them, and what is refused, becomes an audit event. */
export function openPolicies(
  { config, evidence, now }: Pick<Process, "config" | "evidence" | "now">,
  store: Pick<GovernanceStore, "policies">,
): Promise<PolicyKeeper> {
  return keepPolicies({
    folder: policyFolder(config.home),
    now,
    last: store.policies.last,
    keep: (set, files) => store.policies.keep(set, files, now().toISOString()),
    tell: ({ what, hash, ...data }) =>
      evidence.store.audit(evidence.store.db, {
        ...{ id: newId("aud"), at: now().toISOString(), what: `governance.${what}`, subject: hash },
        ...{ person: null, request: null, step: null, data, receipts: [] },
      }),
  });
}
