import type { RoleName } from "@muster/shared/domain/policy.ts";
import type { GovernanceStore } from "../store.ts";

/**
 * The roles in which a person may be decided for: those that the door signed and that the person still has. Somebody who
 * isn't a row here was vouched for by the door alone.
 */
export async function rolesNow(
  store: GovernanceStore,
  { person, roles }: { person: string; roles: readonly RoleName[] },
): Promise<RoleName[]> {
  const now = await store.persons.byId(person);
  return roles.filter((role) => !now || now.roles.includes(role));
}
