import { sha256 } from "@muster/shared/canonical.ts";
import { RoleName } from "@muster/shared/domain/policy.ts";
import { tokenFile } from "@muster/shared/home.ts";
import { writeAtomically } from "@muster/shared/warehouse/atomic.ts";
import type { GovernanceStore } from "../store.ts";

/**
 * Makes the first person, `owner` with every role, where there is nobody yet; their bearer token goes to the home's
 * token file (mode 600), only its SHA-256 into the database.
 */
export async function makeFirstPerson(
  store: GovernanceStore,
  { home, token, now }: { home: string; token: string; now: Date },
): Promise<boolean> {
  const owner = { person: "owner", roles: [...RoleName.options], tokenHash: sha256(token), at: now.toISOString() };
  // The file first: a crash in between leaves nobody, and the next start writes both anew.
  return store.persons.addFirst(owner, () => writeAtomically(tokenFile(home), `${token}\n`, 0o600));
}
