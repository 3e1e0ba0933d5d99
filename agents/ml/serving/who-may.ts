import { fault } from "@muster/shared/fault.ts";

/** The roles that may change what is live without a new clearance: those that the default policy lets deploy. */
const roles: readonly string[] = ["engineer", "approver", "admin"];

/** Refuses whoever asks for less to be live, or for what was cleared and live before, without one of those roles: `denied`. */
export function mayChangeLive(asker: { roles: readonly string[] }, what: string): void {
  if (!asker.roles.some((role) => roles.includes(role)))
    throw fault("denied", `to ${what} wants one of the roles ${roles.join(", ")}; ask somebody who has it`);
}
